package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.transport.TlsSession;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One thing that a matcher looks at, as text with one char a byte; null when it is not there. */
@FunctionalInterface
public interface Input {
    /** The messages that inputs are read from. */
    List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.type.matcher.v3.HttpRequestHeaderMatchInput")
                    .supported("header_name"),
            SupportedFields.of(Names.NETWORK + "DestinationIPInput"),
            SupportedFields.of(Names.NETWORK + "DestinationPortInput"),
            SupportedFields.of(Names.NETWORK + "SourceIPInput"),
            SupportedFields.of(Names.NETWORK + "SourcePortInput"),
            SupportedFields.of(Names.NETWORK + "DirectSourceIPInput"),
            SupportedFields.of(Names.NETWORK + "ServerNameInput"),
            SupportedFields.of(Names.NETWORK + "FilterStateInput").supported("key"),
            SupportedFields.of(Names.NETWORK + "DynamicMetadataInput").supported("filter", "path"),
            SupportedFields.of(Names.NETWORK + "DynamicMetadataInput.PathSegment")
                    .supported("key"),
            SupportedFields.of(Names.SSL + "UriSanInput"),
            SupportedFields.of(Names.SSL + "DnsSanInput"),
            SupportedFields.of(Names.SSL + "SubjectInput"));

    @Nullable
    String get(Facts facts);

    /** The prefixes of the messages' names. */
    final class Names {
        static final String NETWORK = "envoy.extensions.matching.common_inputs.network.v3.";
        static final String SSL = "envoy.extensions.matching.common_inputs.ssl.v3.";
        static final String HEADER = "envoy.type.matcher.v3.HttpRequestHeaderMatchInput";

        private Names() {}
    }

    /**
     * The input that a TypedExtensionConfig names.
     *
     * @param refusal what is said of an input that the owner can't have, before its quoted type
     */
    static Input from(ConfigNode extension, boolean http, String refusal) {
        ConfigNode config = extension.required("typed_config");
        String type = config.messageName();
        if (!http && (type.equals(Names.HEADER) || type.endsWith(".DynamicMetadataInput"))) {
            throw new ConfigException(refusal + " 'type.googleapis.com/" + type + "'");
        }
        if (type.equals(Names.HEADER)) {
            HeaderName name = HeaderName.of(config.string("header_name"));
            return facts -> {
                HeaderMap headers = facts.headers();
                if (headers == null) {
                    throw MissingData.INSTANCE;
                }
                return header(headers, name);
            };
        }
        if (type.startsWith(Names.SSL)) {
            return ssl(type.substring(Names.SSL.length()), extension);
        }
        if (type.startsWith(Names.NETWORK)) {
            return network(type.substring(Names.NETWORK.length()), config, extension);
        }
        throw unregistered(extension, type);
    }

    private static ConfigException unregistered(ConfigNode extension, String type) {
        return new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                + "' with type URL: '" + type + "'");
    }

    private static Input ssl(String kind, ConfigNode extension) {
        return switch (kind) {
            case "UriSanInput" -> facts -> joined(facts.tls(), PeerNames::uris);
            case "DnsSanInput" -> facts -> joined(facts.tls(), PeerNames::dnsNames);
            case "SubjectInput" ->
                facts -> {
                    String subject = PeerNames.subject(present(facts.tls()));
                    return subject == null || subject.isEmpty() ? null : WireText.encode(subject);
                };
            default -> throw unregistered(extension, Names.SSL + kind);
        };
    }

    private static Input network(String kind, ConfigNode config, ConfigNode extension) {
        return switch (kind) {
            case "DestinationIPInput" -> facts -> ip(facts.local());
            case "DestinationPortInput" -> facts -> port(facts.local());
            case "SourceIPInput" -> facts -> ip(facts.remote());
            case "SourcePortInput" -> facts -> port(facts.remote());
            case "DirectSourceIPInput" -> facts -> ip(facts.directRemote());
            case "ServerNameInput" ->
                facts -> {
                    String name = facts.serverName();
                    return name == null || name.isEmpty() ? null : name;
                };
            case "FilterStateInput" -> {
                String key = config.string("key");
                yield facts -> facts.filterState(key) instanceof String text ? WireText.encode(text) : null;
            }
            case "DynamicMetadataInput" -> metadata(config);
            default -> throw unregistered(extension, Names.NETWORK + kind);
        };
    }

    private static Input metadata(ConfigNode config) {
        String filter = config.string("filter");
        List<String> path = new ArrayList<>();
        for (ConfigNode segment : config.messages("path")) {
            path.add(segment.string("key"));
        }
        return facts -> {
            Object at = facts.dynamicMetadata(filter);
            for (String key : path) {
                at = at instanceof Map<?, ?> map ? map.get(key) : null;
            }
            return at instanceof String text ? WireText.encode(text) : null;
        };
    }

    /** The values of a header, joined by commas; null when there is none. */
    static @Nullable String header(@Nullable HeaderMap headers, HeaderName name) {
        int i = headers == null ? -1 : headers.indexOf(name);
        if (i < 0 || headers == null) {
            return null;
        }
        int next = headers.indexOf(name, i + 1);
        if (next < 0) {
            return headers.value(i);
        }
        StringBuilder all = new StringBuilder(headers.value(i));
        for (; next >= 0; next = headers.indexOf(name, next + 1)) {
            all.append(',').append(headers.value(next));
        }
        return all.toString();
    }

    private static @Nullable String ip(@Nullable InetSocketAddress address) {
        return address == null ? null : NetUtil.toAddressString(address.getAddress());
    }

    private static @Nullable String port(@Nullable InetSocketAddress address) {
        return address == null ? null : Integer.toString(address.getPort());
    }

    /** Reads names of a certificate. */
    @FunctionalInterface
    interface NamesOf {
        List<String> of(@Nullable TlsSession tls);
    }

    private static TlsSession present(@Nullable TlsSession tls) {
        if (tls == null) {
            throw MissingData.INSTANCE;
        }
        return tls;
    }

    private static @Nullable String joined(@Nullable TlsSession tls, NamesOf names) {
        List<String> all = names.of(present(tls));
        return all.isEmpty() ? null : WireText.encode(String.join(",", all));
    }
}
