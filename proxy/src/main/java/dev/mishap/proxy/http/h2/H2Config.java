package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code Http2ProtocolOptions}. */
public final class H2Config {
    private static final long MAX = Integer.MAX_VALUE;

    private H2Config() {}

    /**
     * The options of a side.
     *
     * @param node null for the defaults
     * @param streamErrors what holds of malformed messages when the options don't say
     * @throws ConfigException when they can't be accepted
     */
    public static H2Options from(@Nullable ConfigNode node, boolean streamErrors) {
        H2Options d = H2Options.DEFAULT;
        if (node == null) {
            return new H2Options(
                    d.maxConcurrentStreams(),
                    d.streamWindow(),
                    d.connectionWindow(),
                    d.headerTableSize(),
                    d.allowConnect(),
                    d.maxOutboundFrames(),
                    d.maxOutboundControlFrames(),
                    d.maxEmptyFrames(),
                    d.maxPriorityFrames(),
                    d.maxWindowUpdates(),
                    streamErrors,
                    d.customSettings(),
                    d.keepalive());
        }
        if (node.bool("allow_metadata", false)) {
            throw node.error("allow_metadata", "METADATA frames are not supported");
        }
        return new H2Options(
                number(node, "max_concurrent_streams", d.maxConcurrentStreams()),
                number(node, "initial_stream_window_size", d.streamWindow()),
                number(node, "initial_connection_window_size", d.connectionWindow()),
                number(node, "hpack_table_size", d.headerTableSize()),
                node.bool("allow_connect", false),
                number(node, "max_outbound_frames", d.maxOutboundFrames()),
                number(node, "max_outbound_control_frames", d.maxOutboundControlFrames()),
                number(node, "max_consecutive_inbound_frames_with_empty_payload", d.maxEmptyFrames()),
                number(node, "max_inbound_priority_frames_per_stream", d.maxPriorityFrames()),
                number(node, "max_inbound_window_update_frames_per_data_frame_sent", d.maxWindowUpdates()),
                node.bool(
                        "override_stream_error_on_invalid_http_message",
                        node.bool("stream_error_on_invalid_http_messaging", streamErrors)),
                custom(node),
                keepalive(node.message("connection_keepalive")));
    }

    private static int number(ConfigNode node, String field, int otherwise) {
        return (int) Math.min(MAX, node.integer(field, otherwise));
    }

    private static List<Integer> custom(ConfigNode node) {
        List<Integer> values = new ArrayList<>();
        for (ConfigNode setting : node.messages("custom_settings_parameters")) {
            long id = setting.integer("identifier", 0);
            String named = switch ((int) id) {
                case H2Frame.HEADER_TABLE_SIZE -> "hpack_table_size";
                case H2Frame.MAX_CONCURRENT_STREAMS -> "max_concurrent_streams";
                case H2Frame.INITIAL_WINDOW_SIZE -> "initial_stream_window_size";
                case H2Frame.ENABLE_CONNECT_PROTOCOL -> "allow_connect";
                default -> "";
            };
            if (!named.isEmpty() || id == H2Frame.ENABLE_PUSH) {
                throw setting.error(
                        "identifier",
                        id + (named.isEmpty() ? " is not supported: nothing is pushed" : " is set by " + named));
            }
            values.add((int) id);
            values.add((int) setting.integer("value", 0));
        }
        return values;
    }

    private static H2Options.Keepalive keepalive(@Nullable ConfigNode node) {
        if (node == null) {
            return H2Options.Keepalive.NONE;
        }
        ConfigNode jitter = node.message("interval_jitter");
        return new H2Options.Keepalive(
                node.durationNanos("interval", 0),
                node.durationNanos("timeout", 0),
                jitter == null ? 15 : jitter.number("value", 0),
                node.durationNanos("connection_idle_interval", 0));
    }
}
