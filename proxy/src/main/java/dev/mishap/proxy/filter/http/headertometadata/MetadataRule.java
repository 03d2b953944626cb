package dev.mishap.proxy.filter.http.headertometadata;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.RegexSubstitution;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is made of one header or cookie.
 *
 * @param header null when it is about a cookie
 * @param cookie {@code ""} when it is about a header
 * @param present null = nothing is made of a value that is there
 * @param missing null = nothing is made of a value that is not there
 * @param remove whether the header goes no further
 */
record MetadataRule(
        @Nullable HeaderName header,
        String cookie,
        @Nullable Target present,
        @Nullable Target missing,
        boolean remove) {
    private static final String OWN_NAMESPACE = "envoy.filters.http.header_to_metadata";
    private static final HeaderName COOKIE = HeaderName.of("cookie");

    /**
     * Where a value goes, and in which form.
     *
     * @param value stands in for the value that is there, {@code ""} = it does not
     * @param rewrite null = the value stays as it is
     */
    record Target(
            String namespace,
            String key,
            String value,
            @Nullable RegexSubstitution rewrite,
            MetadataValue.Form form) {
        static @Nullable Target from(@Nullable ConfigNode node) {
            if (node == null) {
                return null;
            }
            String namespace = node.string("metadata_namespace");
            ConfigNode rewrite = node.message("regex_value_rewrite");
            return new Target(
                    namespace.isEmpty() ? OWN_NAMESPACE : namespace,
                    node.string("key"),
                    WireText.encode(node.string("value")),
                    rewrite == null ? null : RegexSubstitution.from(rewrite),
                    new MetadataValue.Form(
                            MetadataValue.Type.valueOf(node.enumName("type")),
                            node.enumName("encode").equals("BASE64")));
        }

        void set(String text, StreamInfo info) {
            Object made = MetadataValue.of(text, form);
            if (made != null) {
                Map<String, Object> field = new LinkedHashMap<>(2);
                field.put(key, made);
                info.putDynamicMetadata(namespace, field);
            }
        }
    }

    static MetadataRule from(ConfigNode node) {
        String header = node.string("header");
        String cookie = node.string("cookie");
        Target present = Target.from(node.message("on_header_present"));
        Target missing = Target.from(node.message("on_header_missing"));
        boolean remove = node.bool("remove", false);
        if (!header.isEmpty() && !cookie.isEmpty()) {
            throw new ConfigException("Cannot specify both header and cookie in the same rule");
        }
        if (header.isEmpty() && cookie.isEmpty()) {
            throw new ConfigException("One of Cookie or Header option needs to be specified");
        }
        if (present != null && !present.value().isEmpty() && present.rewrite() != null) {
            throw new ConfigException("Cannot specify both value and regex_value_rewrite");
        }
        if (!cookie.isEmpty() && remove) {
            throw new ConfigException("Cannot specify remove for cookie");
        }
        if (missing != null && missing.value().isEmpty()) {
            throw new ConfigException("Cannot specify on_header_missing rule with an empty value");
        }
        if (present == null && missing == null) {
            throw new ConfigException("header to metadata filter: rule for header '" + header
                    + "' has neither `on_header_present` nor `on_header_missing` set");
        }
        return new MetadataRule(
                header.isEmpty() ? null : HeaderName.of(header), WireText.encode(cookie), present, missing, remove);
    }

    void apply(HeaderMap headers, StreamInfo info) {
        String value = header == null ? cookie(headers, cookie) : joined(headers, header);
        if (value == null) {
            if (missing != null) {
                missing.set(missing.value(), info);
            }
            return;
        }
        if (present != null) {
            RegexSubstitution rewrite = present.rewrite();
            String text = rewrite == null ? value : rewrite.apply(value);
            present.set(present.value().isEmpty() ? text : present.value(), info);
            if (remove && header != null) {
                headers.remove(header);
            }
        }
    }

    private static @Nullable String joined(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        if (i < 0) {
            return null;
        }
        String value = headers.value(i);
        for (int next = headers.indexOf(name, i + 1); next >= 0; next = headers.indexOf(name, next + 1)) {
            value = value + "," + headers.value(next);
        }
        return value;
    }

    /** The first cookie of that name; one without a value is none. */
    private static @Nullable String cookie(HeaderMap headers, String wanted) {
        for (int i = headers.indexOf(COOKIE); i >= 0; i = headers.indexOf(COOKIE, i + 1)) {
            String line = headers.value(i);
            int start = 0;
            while (start < line.length()) {
                int end = line.indexOf(';', start);
                if (end < 0) {
                    end = line.length();
                }
                int equals = line.indexOf('=', start);
                if (equals >= 0
                        && equals < end
                        && line.substring(start, equals).trim().equals(wanted)) {
                    String value = line.substring(equals + 1, end).trim();
                    boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
                    value = quoted ? value.substring(1, value.length() - 1) : value;
                    return value.isEmpty() ? null : value;
                }
                start = end + 1;
            }
        }
        return null;
    }
}
