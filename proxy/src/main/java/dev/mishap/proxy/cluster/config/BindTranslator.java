package dev.mishap.proxy.cluster.config;

import dev.mishap.proxy.cluster.BindConfig;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.Transport.RawOption;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code envoy.config.core.v3.BindConfig} to {@link BindConfig}. */
public final class BindTranslator {
    private static final String CORE = "envoy.config.core.v3.";

    private static final String SELECTOR =
            "envoy.config.upstream.local_address_selector.v3.DefaultLocalAddressSelector";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CORE + "BindConfig")
                    .supported("source_address", "freebind", "socket_options")
                    .supported("extra_source_addresses", "additional_source_addresses", "local_address_selector"),
            SupportedFields.of(SELECTOR),
            SupportedFields.of(CORE + "ExtraSourceAddress").supported("address", "socket_options"),
            SupportedFields.of(CORE + "SocketOptionsOverride").supported("socket_options"));

    private BindTranslator() {}

    /**
     * Translates {@code upstream_bind_config} of {@code holder}, or null when it has none.
     *
     * @param owner whose it is, as messages name it
     */
    public static @Nullable BindConfig from(@Nullable ConfigNode holder, String owner) {
        ConfigNode node = holder == null ? null : holder.message("upstream_bind_config");
        if (node == null) {
            return null;
        }
        checkSelector(node.message("local_address_selector"));
        List<BindConfig.Option> options = new ArrayList<>();
        if (node.has("freebind")) {
            RawOption freebind =
                    RawOption.of(RawOption.IP, RawOption.IP_FREEBIND, node.bool("freebind", false) ? 1 : 0);
            options.add(new BindConfig.Option(freebind, true));
        }
        int own = options.size();
        options.addAll(options(node));
        List<BindConfig.Source> sources = new ArrayList<>();
        ConfigNode first = node.message("source_address");
        if (first != null) {
            sources.add(new BindConfig.Source(address(first), options));
        }
        for (ConfigNode extra : node.messages("extra_source_addresses")) {
            ConfigNode override = extra.message("socket_options");
            List<BindConfig.Option> all = options;
            if (override != null) {
                all = new ArrayList<>(options.subList(0, own));
                all.addAll(options(override));
            }
            sources.add(new BindConfig.Source(address(extra.required("address")), all));
        }
        if (sources.size() == (first == null ? 0 : 1)) {
            // The deprecated form, which counts when the other is absent.
            for (ConfigNode extra : node.messages("additional_source_addresses")) {
                sources.add(new BindConfig.Source(address(extra), options));
            }
        }
        check(sources, first != null, owner);
        return new BindConfig(sources, options);
    }

    /** The one that there is chooses by the family of the upstream's address, as is done without it. */
    private static void checkSelector(@Nullable ConfigNode selector) {
        ConfigNode config = selector == null ? null : selector.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (selector != null && !type.equals(SELECTOR)) {
            throw new ConfigException("Didn't find a registered implementation for '" + selector.string("name")
                    + "' with type URL: '" + type + "'");
        }
    }

    private static void check(List<BindConfig.Source> sources, boolean first, String owner) {
        if (!first && !sources.isEmpty()) {
            throw new ConfigException(owner + "'s upstream binding config has extra/additional source addresses but no"
                    + " source_address. Extra/additional addresses cannot be specified if source_address is not set.");
        }
        if (sources.size() > 2) {
            throw new ConfigException(
                    owner + "'s upstream binding config has multiple extra/additional source addresses."
                            + " Only one extra/additional source can be supported in BindConfig's"
                            + " extra_source_addresses/additional_source_addresses field");
        }
        if (sources.size() == 2 && sources.get(0).canReach(sources.get(1).address())) {
            throw new ConfigException(
                    owner + "'s upstream binding config has two same IP version source addresses. Only"
                            + " two different IP version source addresses can be supported in BindConfig's source_address and"
                            + " extra_source_addresses/additional_source_addresses fields");
        }
    }

    private static InetSocketAddress address(ConfigNode socket) {
        String text = socket.string("address");
        InetAddress ip = text.startsWith("[") ? null : NetUtil.createInetAddressFromIpAddressString(text);
        if (ip == null) {
            throw new ConfigException("malformed IP address: " + text);
        }
        return new InetSocketAddress(ip, (int) socket.integer("port_value", 0));
    }

    private static List<BindConfig.Option> options(ConfigNode holder) {
        List<BindConfig.Option> all = new ArrayList<>();
        for (ConfigNode o : holder.messages("socket_options")) {
            int level = (int) o.integer("level", 0);
            int name = (int) o.integer("name", 0);
            RawOption raw = "int_value".equals(o.oneof("value"))
                    ? RawOption.of(level, name, (int) o.integer("int_value", 0))
                    : new RawOption(level, name, null, o.string("buf_value").getBytes(StandardCharsets.ISO_8859_1));
            String state = o.enumName("state");
            if (state.equals("STATE_LISTENING")) {
                throw o.error("state", "STATE_LISTENING is not for connections");
            }
            all.add(new BindConfig.Option(raw, state.equals("STATE_PREBIND")));
        }
        return all;
    }
}
