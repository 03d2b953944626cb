package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.InternalAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of a listener, as configured. Two listeners with equal ones can pass them on.
 *
 * @param addresses where it listens; the first is the listener's own
 * @param bind whether it listens at all ({@code bind_to_port}, default true); if not, connections are handed to it by others
 * @param udp whether they are of UDP
 * @param perWorker whether each worker has a socket of its own: {@code enable_reuse_port}, unless connections are to be balanced
 * @param backlog {@code tcp_backlog_size}, 0 = the default
 * @param acceptsPerEvent connections taken at once; 0 = the default
 * @param fastOpen {@code tcp_fast_open_queue_length}, 0 = off
 * @param transparent {@code IP_TRANSPARENT}, null = as it is
 * @param freebind {@code IP_FREEBIND}, null = as it is
 */
record SocketConfig(
        List<Place> addresses,
        boolean bind,
        boolean udp,
        boolean perWorker,
        int backlog,
        int acceptsPerEvent,
        int fastOpen,
        @Nullable Boolean transparent,
        @Nullable Boolean freebind,
        List<Option> options) {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.listener.v3.AdditionalAddress").supported("address", "socket_options"),
            SupportedFields.of("envoy.config.listener.v3.Listener.ConnectionBalanceConfig")
                    .supported("exact_balance"),
            SupportedFields.of("envoy.config.listener.v3.Listener.ConnectionBalanceConfig.ExactBalance"),
            SupportedFields.of("envoy.config.listener.v3.Listener.DeprecatedV1").supported("bind_to_port"),
            SupportedFields.of("envoy.config.core.v3.SocketOption")
                    .supported("level", "name", "int_value", "buf_value", "state")
                    .accepted("description", "is for readers"));

    /**
     * One address, and what its socket is asked for.
     *
     * @param options options of this address in the place of the listener's; null = those
     */
    record Place(
            SocketAddress address,
            boolean ipv4Compat,
            int mode,
            @Nullable List<Option> options) {
        static Place from(ConfigNode holder, @Nullable List<Option> options) {
            return new Place(
                    ListenerAddress.from(holder),
                    ListenerAddress.ipv4Compat(holder),
                    ListenerAddress.mode(holder),
                    options);
        }
    }

    /** An option of the listening sockets. */
    record Option(int level, int name, @Nullable Integer number, String bytes, boolean beforeBind) {}

    SocketConfig {
        addresses = List.copyOf(addresses);
        options = List.copyOf(options);
    }

    static SocketConfig from(ConfigNode node) {
        List<Place> places = new ArrayList<>();
        places.add(
                node.has("internal_listener")
                        ? new Place(new InternalAddress(node.string("name"), ""), false, 0, null)
                        : Place.from(node, null));
        boolean udp = ListenerAddress.udp(node);
        for (ConfigNode more : node.messages("additional_addresses")) {
            if (ListenerAddress.udp(more) != udp) {
                throw new ListenerException(
                        "additional addresses must be of the protocol of the first, " + (udp ? "UDP" : "TCP"));
            }
            ConfigNode own = more.message("socket_options");
            places.add(Place.from(more, own == null ? null : options(own)));
        }
        ConfigNode old = node.message("deprecated_v1");
        boolean bind = !node.has("internal_listener")
                && node.bool("bind_to_port", old == null || old.bool("bind_to_port", true));
        ConfigNode balance = node.message("connection_balance_config");
        return new SocketConfig(
                places,
                bind,
                udp,
                node.bool("enable_reuse_port", true) && balance == null,
                (int) Math.min(node.integer("tcp_backlog_size", 0), Integer.MAX_VALUE),
                (int) Math.min(node.integer("max_connections_to_accept_per_socket_event", 0), Integer.MAX_VALUE),
                (int) Math.min(node.integer("tcp_fast_open_queue_length", 0), Integer.MAX_VALUE),
                node.has("transparent") ? (Boolean) node.bool("transparent", false) : null,
                node.has("freebind") ? (Boolean) node.bool("freebind", false) : null,
                options(node));
    }

    private static List<Option> options(ConfigNode holder) {
        List<Option> options = new ArrayList<>();
        for (ConfigNode o : holder.messages("socket_options")) {
            boolean number = "int_value".equals(o.oneof("value"));
            options.add(new Option(
                    (int) o.integer("level", 0),
                    (int) o.integer("name", 0),
                    number ? (int) o.integer("int_value", 0) : null,
                    number ? "" : o.string("buf_value"),
                    o.enumName("state").equals("STATE_PREBIND")));
        }
        return options;
    }

    /** The options of the socket at {@code place}. */
    List<Option> options(Place place) {
        List<Option> own = place.options();
        return own == null ? options : own;
    }

    byte[] bytes(Option option) {
        return option.bytes().getBytes(StandardCharsets.ISO_8859_1);
    }
}
