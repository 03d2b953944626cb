package dev.mishap.proxy.config.schema;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Messages of extensions that stock Envoy does not have either and that are accepted by their names alone: the schema does not
 * know their fields, so what they hold is skipped in every form. They stand in the support table like any other message.
 */
final class OpaqueMessages {
    private static final Set<String> NAMES = Set.of(
            "envoy.tcp.metadataexchange.config.MetadataExchange",
            "io.istio.http.peer_metadata.Config",
            "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
            "stats.PluginConfig");

    private OpaqueMessages() {}

    /** The message of that name, or null when it is none of these. */
    static @Nullable MessageType of(String name) {
        return NAMES.contains(name)
                ? new MessageType(name, new FieldType[0], new String[0], new boolean[0], true)
                : null;
    }

    static boolean is(MessageType type) {
        return type.fields().length == 0 && NAMES.contains(type.name());
    }
}
