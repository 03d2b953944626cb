package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import java.util.ArrayList;
import java.util.List;

/** A header that is added to the request of a check. */
record CheckHeader(HeaderName name, String value, String action) {
    static final HeaderName USER_AGENT = HeaderName.of("user-agent");

    static List<CheckHeader> listFrom(List<ConfigNode> options) {
        List<CheckHeader> all = new ArrayList<>();
        for (ConfigNode option : options) {
            ConfigNode header = option.required("header");
            String value = header.string("value");
            if (value.replace("%%", "").indexOf('%') >= 0) {
                throw header.error("value", "an operator is not supported in the request of a health check");
            }
            String action = option.enumName("append_action");
            if (option.has("append")) {
                action = option.bool("append", true) ? "APPEND_IF_EXISTS_OR_ADD" : "OVERWRITE_IF_EXISTS_OR_ADD";
            }
            all.add(new CheckHeader(
                    HeaderName.of(header.string("key")), WireText.encode(value.replace("%%", "%")), action));
        }
        return List.copyOf(all);
    }

    void apply(HeaderMap request) {
        boolean there = request.contains(name);
        switch (action) {
            case "ADD_IF_ABSENT" -> {
                if (!there) {
                    request.add(name, value);
                }
            }
            case "OVERWRITE_IF_EXISTS_OR_ADD" -> request.set(name, value);
            case "OVERWRITE_IF_EXISTS" -> {
                if (there) {
                    request.set(name, value);
                }
            }
            default -> request.add(name, value);
        }
    }
}
