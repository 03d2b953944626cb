package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.AddressRange;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Reads {@code CidrRange}. */
public final class Ranges {
    private Ranges() {}

    /**
     * The range.
     *
     * @throws ConfigException when its address is none, in Envoy's words
     */
    public static AddressRange from(ConfigNode node) {
        String text = node.string("address_prefix");
        byte[] address = NetUtil.createByteArrayFromIpAddressString(text);
        if (address == null) {
            throw new ConfigException("Failed to create CIDR range: malformed IP address: " + text);
        }
        try {
            return new AddressRange(InetAddress.getByAddress(address), (int) node.integer("prefix_len", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length of an address is right
        }
    }
}
