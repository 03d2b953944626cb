package dev.mishap.proxy.filter.common.rbac;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.matching.Facts;
import dev.mishap.proxy.filter.common.matching.PeerNames;
import dev.mishap.proxy.filter.common.matching.Ranges;
import dev.mishap.proxy.http.AddressRange;
import dev.mishap.proxy.route.match.StringMatcher;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.config.rbac.v3.Principal}: who does it. */
final class Principals {
    private static final String MESSAGE = "envoy.config.rbac.v3.Principal";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "and_ids",
                            "or_ids",
                            "any",
                            "authenticated",
                            "source_ip",
                            "direct_remote_ip",
                            "remote_ip",
                            "header",
                            "url_path",
                            "metadata",
                            "filter_state",
                            "not_id",
                            "sourced_metadata"),
            SupportedFields.of(MESSAGE + ".Set").supported("ids"),
            SupportedFields.of(MESSAGE + ".Authenticated").supported("principal_name"),
            SupportedFields.of("envoy.type.matcher.v3.FilterStateMatcher").supported("key", "string_match"));

    private Principals() {}

    static Rule from(ConfigNode node) {
        String kind = node.oneof("identifier");
        if (kind == null) {
            throw node.error("identifier", "is required");
        }
        switch (kind) {
            case "and_ids":
                return Rule.all(Rule.list(node.required(kind).messages("ids"), Principals::from));
            case "or_ids":
                return Rule.any(Rule.list(node.required(kind).messages("ids"), Principals::from));
            case "any":
                return facts -> true;
            case "authenticated":
                return authenticated(node.required(kind));
            // The deprecated source_ip is the address of the connection as far as it is known, as remote_ip.
            case "source_ip", "direct_remote_ip":
                return address(node.required(kind), Facts::directRemote);
            case "remote_ip":
                return address(node.required(kind), Facts::remote);
            case "header":
                return Rule.header(node.required(kind));
            case "url_path":
                return Rule.path(node.required(kind));
            case "metadata":
                return Rule.metadata(node.required(kind), false);
            case "filter_state":
                ConfigNode state = node.required(kind);
                String key = state.string("key");
                StringMatcher text = StringMatcher.from(state.required("string_match"));
                return facts -> facts.filterState(key) instanceof String value && text.matchesText(value);
            case "not_id":
                Rule negated = from(node.required(kind));
                return facts -> !negated.matches(facts);
            case "sourced_metadata":
                return Rule.sourcedMetadata(node.required(kind));
            default:
                throw node.error(kind, "is not supported");
        }
    }

    private static Rule address(ConfigNode node, Function<Facts, @Nullable InetSocketAddress> which) {
        AddressRange range = Ranges.from(node);
        return facts -> {
            InetSocketAddress address = which.apply(facts);
            return address != null && range.contains(address.getAddress());
        };
    }

    /** Any of the URIs, else any of the DNS names, else the subject; without a name any TLS peer will do. */
    private static Rule authenticated(ConfigNode node) {
        ConfigNode wanted = node.message("principal_name");
        if (wanted == null) {
            return facts -> facts.tls() != null;
        }
        StringMatcher name = StringMatcher.from(wanted);
        return facts -> {
            TlsSession tls = facts.tls();
            if (tls == null) {
                return false;
            }
            List<String> uris = PeerNames.uris(tls);
            if (!uris.isEmpty()) {
                return uris.stream().anyMatch(name::matchesText);
            }
            List<String> names = PeerNames.dnsNames(tls);
            if (!names.isEmpty()) {
                return names.stream().anyMatch(name::matchesText);
            }
            String subject = PeerNames.subject(tls);
            return name.matchesText(subject == null ? "" : subject);
        };
    }
}
