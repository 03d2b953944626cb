package dev.mishap.proxy.filter.http.apikeyauth;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a filter or a route says of keys; empty parts of a route are the filter's.
 *
 * @param clients by their keys
 * @param sources where a request may have its key, in the order in which they are looked at
 * @param allowed the clients that a route is for; empty = all
 * @param forwarding null = keys go on as they came
 */
record ApiKeys(
        Map<String, String> clients,
        List<KeySource> sources,
        Set<String> allowed,
        @Nullable Forwarding forwarding) {
    /**
     * What becomes of a request that may pass.
     *
     * @param header that tells the client, or null
     * @param hides whether keys go no further
     */
    record Forwarding(@Nullable HeaderName header, boolean hides) {}

    static ApiKeys from(ConfigNode node) {
        return read(node, Set.of());
    }

    static ApiKeys fromRoute(ConfigNode node) {
        return read(node, Set.copyOf(node.strings("allowed_clients")));
    }

    private static ApiKeys read(ConfigNode node, Set<String> allowed) {
        Map<String, String> clients = new HashMap<>();
        for (ConfigNode credential : node.messages("credentials")) {
            String key = WireText.encode(credential.string("key"));
            if (clients.put(key, credential.string("client")) != null) {
                throw new ConfigException("Duplicated credential key: '" + key + "'");
            }
        }
        return new ApiKeys(
                Map.copyOf(clients),
                node.messages("key_sources").stream().map(KeySource::from).toList(),
                allowed,
                forwarding(node.message("forwarding")));
    }

    private static @Nullable Forwarding forwarding(@Nullable ConfigNode node) {
        if (node == null) {
            return null;
        }
        String header = node.string("header");
        return new Forwarding(header.isEmpty() ? null : HeaderName.of(header), node.bool("hide_credentials", false));
    }
}
