package dev.mishap.proxy.filter.common.rbac;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Ranges;
import dev.mishap.proxy.http.AddressRange;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.StringMatcher;
import dev.mishap.proxy.route.match.UriTemplate;
import java.net.InetSocketAddress;
import java.util.List;

/** Reads {@code envoy.config.rbac.v3.Permission}: what is done, and where. */
final class Permissions {
    private static final String MESSAGE = "envoy.config.rbac.v3.Permission";
    private static final String TEMPLATE = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";

    private static final String UPSTREAM = "envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "and_rules",
                            "or_rules",
                            "any",
                            "header",
                            "url_path",
                            "destination_ip",
                            "destination_port",
                            "destination_port_range",
                            "metadata",
                            "not_rule",
                            "requested_server_name",
                            "uri_template",
                            "sourced_metadata",
                            "matcher"),
            SupportedFields.of(MESSAGE + ".Set").supported("rules"),
            SupportedFields.of(UPSTREAM).supported("upstream_ip", "upstream_port_range"),
            SupportedFields.of("envoy.type.v3.Int32Range").supported("start", "end"),
            SupportedFields.of("envoy.type.matcher.v3.PathMatcher").supported("path"),
            SupportedFields.of("envoy.config.rbac.v3.SourcedMetadata")
                    .supported("metadata_matcher", "metadata_source"));

    private Permissions() {}

    static Rule from(ConfigNode node) {
        String kind = node.oneof("rule");
        if (kind == null) {
            throw node.error("rule", "is required");
        }
        switch (kind) {
            case "and_rules":
                return Rule.all(Rule.list(node.required(kind).messages("rules"), Permissions::from));
            case "or_rules":
                return Rule.any(Rule.list(node.required(kind).messages("rules"), Permissions::from));
            case "any":
                return facts -> true;
            case "header":
                return Rule.header(node.required(kind));
            case "url_path":
                return Rule.path(node.required(kind));
            case "destination_ip":
                AddressRange range = Ranges.from(node.required(kind));
                return facts -> {
                    InetSocketAddress local = facts.local();
                    return local != null && range.contains(local.getAddress());
                };
            case "destination_port":
                long port = node.integer(kind, 0);
                return ports(port, port + 1);
            case "destination_port_range":
                return portRange(node.required(kind));
            case "metadata":
                return Rule.metadata(node.required(kind), false);
            case "not_rule":
                Rule negated = from(node.required(kind));
                return facts -> !negated.matches(facts);
            case "requested_server_name":
                StringMatcher name = StringMatcher.from(node.required(kind));
                return facts -> {
                    String server = facts.serverName();
                    return name.matches(server == null ? "" : server);
                };
            case "uri_template":
                return template(node.required(kind));
            case "sourced_metadata":
                return Rule.sourcedMetadata(node.required(kind));
            case "matcher":
                return upstream(node.required(kind));
            default:
                throw node.error(kind, "is not supported");
        }
    }

    private static Rule portRange(ConfigNode range) {
        long start = range.integer("start", 0);
        long end = range.integer("end", 0);
        if (start < 0 || start > 65536) {
            throw new ConfigException("range start " + start + " is out of bounds");
        }
        if (end < 0 || end > 65536) {
            throw new ConfigException("range end " + end + " is out of bounds");
        }
        if (start >= end) {
            throw new ConfigException("range start " + start + " cannot be greater or equal than range end " + end);
        }
        return ports(start, end);
    }

    private static Rule ports(long start, long end) {
        return facts -> {
            InetSocketAddress local = facts.local();
            return local != null && local.getPort() >= start && local.getPort() < end;
        };
    }

    /** Who gets the request; matches nobody where that is not known. */
    private static Rule upstream(ConfigNode extension) {
        ConfigNode config = extension.required("typed_config");
        if (!config.messageName().equals(UPSTREAM)) {
            throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                    + "' with type URL: '" + config.messageName() + "'");
        }
        ConfigNode ip = config.message("upstream_ip");
        ConfigNode ports = config.message("upstream_port_range");
        if (ip == null && ports == null) {
            throw new ConfigException("Invalid UpstreamIpPortMatcher configuration - missing `upstream_ip`"
                    + " and/or `upstream_port_range`");
        }
        AddressRange range = ip == null ? null : Ranges.from(ip);
        long first = ports == null ? 0 : ports.integer("start", 0);
        long last = ports == null ? 65535 : ports.integer("end", 0);
        return facts -> facts.upstream() instanceof InetSocketAddress host
                && host.getPort() >= first
                && host.getPort() <= last
                && (range == null || range.contains(host.getAddress()));
    }

    private static Rule template(ConfigNode extension) {
        ConfigNode config = extension.required("typed_config");
        if (!config.messageName().equals(TEMPLATE)) {
            throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                    + "' with type URL: '" + config.messageName() + "'");
        }
        UriTemplate template = UriTemplate.compile(config.string("path_template"));
        return facts -> {
            HeaderMap headers = facts.headers();
            String target = headers == null ? null : headers.get(HeaderName.PATH);
            return target != null && template.matches(Rule.pathOf(target));
        };
    }
}
