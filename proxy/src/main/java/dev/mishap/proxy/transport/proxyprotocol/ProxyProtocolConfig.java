package dev.mishap.proxy.transport.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.ProxyTlv;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.core.v3.ProxyProtocolConfig}.
 *
 * @param version2 the binary form, else the line of text
 * @param passAll whether all TLVs of the downstream header are told on, else those of {@code passTypes}
 * @param added TLVs that are told first, and in place of those with their types
 */
record ProxyProtocolConfig(boolean version2, boolean passAll, List<Integer> passTypes, List<ProxyTlv> added) {
    static final String TYPE = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE).supported("config", "transport_socket"),
            SupportedFields.of("envoy.config.core.v3.ProxyProtocolConfig")
                    .supported("version", "pass_through_tlvs", "added_tlvs"),
            SupportedFields.of("envoy.config.core.v3.TlvEntry").supported("type", "value"));

    ProxyProtocolConfig {
        passTypes = List.copyOf(passTypes);
        added = List.copyOf(added);
    }

    static ProxyProtocolConfig from(@Nullable ConfigNode config) {
        if (config == null) {
            return new ProxyProtocolConfig(false, false, List.of(), List.of());
        }
        ConfigNode pass = config.message("pass_through_tlvs");
        return new ProxyProtocolConfig(
                config.enumName("version").equals("V2"),
                pass != null && pass.enumName("match_type").equals("INCLUDE_ALL"),
                pass == null
                        ? List.of()
                        : pass.integers("tlv_type").stream().map(Long::intValue).toList(),
                tlvs(config, "added_tlvs"));
    }

    /** The {@code envoy.config.core.v3.TlvEntry}s of a field. */
    static List<ProxyTlv> tlvs(ConfigNode holder, String field) {
        List<ProxyTlv> all = new ArrayList<>();
        for (ConfigNode tlv : holder.messages(field)) {
            all.add(new ProxyTlv(
                    (int) tlv.integer("type", 0), tlv.string("value").getBytes(StandardCharsets.ISO_8859_1)));
        }
        return all;
    }

    /** What of {@code downstream} is told, after what is added. */
    List<ProxyTlv> tlvs(List<ProxyTlv> downstream) {
        List<ProxyTlv> all = new ArrayList<>(added);
        for (ProxyTlv tlv : downstream) {
            if ((passAll || passTypes.contains(tlv.type())) && added.stream().noneMatch(a -> a.type() == tlv.type())) {
                all.add(tlv);
            }
        }
        return all;
    }
}
