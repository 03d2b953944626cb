package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.AddressRange;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.OriginalIpDetection;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code original_ip_detection_extensions}. */
final class OriginalIpDetections {
    private static final String XFF = "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig";
    private static final String CUSTOM_HEADER =
            "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(XFF).supported("xff_num_trusted_hops", "xff_trusted_cidrs", "skip_xff_append"),
            SupportedFields.of("envoy.extensions.http.original_ip_detection.xff.v3.XffTrustedCidrs")
                    .supported("cidrs"),
            SupportedFields.of(CUSTOM_HEADER)
                    .supported("header_name", "allow_extension_to_set_address_as_trusted", "reject_with_status"));

    private OriginalIpDetections() {}

    /** Those of a connection manager; null when it has none. */
    static OriginalIpDetection @Nullable [] from(ConfigNode node) {
        List<ConfigNode> extensions = node.messages("original_ip_detection_extensions");
        if (extensions.isEmpty()) {
            return null;
        }
        if (node.bool("use_remote_address", false)) {
            throw new ConfigException("Original IP detection extensions and use_remote_address may not be mixed");
        }
        if (node.integer("xff_num_trusted_hops", 0) > 0) {
            throw new ConfigException("Original IP detection extensions and xff_num_trusted_hops may not be mixed");
        }
        OriginalIpDetection[] all = new OriginalIpDetection[extensions.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = detection(extensions.get(i));
        }
        return all;
    }

    private static OriginalIpDetection detection(ConfigNode extension) {
        ConfigNode config = extension.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null && type.equals(XFF)) {
            return forwardedFor(config);
        }
        if (config != null && type.equals(CUSTOM_HEADER)) {
            ConfigNode refusal = config.message("reject_with_status");
            return OriginalIpDetection.byHeader(
                    HeaderName.of(config.string("header_name")),
                    config.bool("allow_extension_to_set_address_as_trusted", false),
                    refusal == null ? 0 : errorStatus(refusal));
        }
        throw new ConfigException("Original IP detection extension not found: '" + extension.string("name") + "'");
    }

    private static OriginalIpDetection forwardedFor(ConfigNode config) {
        long hops = config.integer("xff_num_trusted_hops", 0);
        boolean appends = !config.bool("skip_xff_append", true);
        ConfigNode trusted = config.message("xff_trusted_cidrs");
        if (trusted != null && hops > 0) {
            throw new ConfigException("Cannot set both xff_num_trusted_hops and xff_trusted_cidrs");
        }
        List<ConfigNode> ranges = trusted == null ? List.of() : trusted.messages("cidrs");
        return ranges.isEmpty()
                ? OriginalIpDetection.byForwardedFor((int) Math.min(hops, 1000), appends)
                : OriginalIpDetection.byForwardedFor(ranges(ranges), appends);
    }

    /** What is no error is 403, as in Envoy. */
    private static int errorStatus(ConfigNode status) {
        int code = (int) status.integer("code", 0);
        return code >= 400 && code < 600 ? code : 403;
    }

    /** The ranges of {@code CidrRange}s. */
    static List<AddressRange> ranges(List<ConfigNode> nodes) {
        List<AddressRange> ranges = new ArrayList<>(nodes.size());
        for (ConfigNode range : nodes) {
            byte[] address = NetUtil.createByteArrayFromIpAddressString(range.string("address_prefix"));
            if (address == null) {
                throw new ConfigException("invalid ip/mask combo '" + range.string("address_prefix") + "/"
                        + range.integer("prefix_len", 0) + "' (format is <ip>/<# mask bits>)");
            }
            try {
                ranges.add(new AddressRange(InetAddress.getByAddress(address), (int) range.integer("prefix_len", 0)));
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e);
            }
        }
        return List.copyOf(ranges);
    }
}
