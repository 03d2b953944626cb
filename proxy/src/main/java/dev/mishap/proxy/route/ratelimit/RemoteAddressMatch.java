package dev.mishap.proxy.route.ratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.AddressRange;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.ratelimit.Descriptor.Entry;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry for clients whose address is in one of the ranges; no descriptor for others.
 *
 * @param inverted whether it is for the others
 * @param absent the value where the format has none
 */
record RemoteAddressMatch(
        String key, SubstitutionFormatter value, String absent, List<AddressRange> ranges, boolean inverted)
        implements RateLimitAction {
    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE + ".RemoteAddressMatch")
            .supported("descriptor_value", "descriptor_key", "default_value", "address_matcher");

    static RemoteAddressMatch from(ConfigNode node) {
        ConfigNode matcher = node.required("address_matcher");
        String key = node.string("descriptor_key");
        List<AddressRange> ranges = new ArrayList<>();
        for (ConfigNode range : matcher.messages("ranges")) {
            ranges.add(range(range));
        }
        return new RemoteAddressMatch(
                key.isEmpty() ? "remote_address_match" : key,
                SubstitutionFormatter.compile(node.string("descriptor_value"), true),
                WireText.encode(node.string("default_value")),
                List.copyOf(ranges),
                matcher.bool("invert_match", false));
    }

    private static AddressRange range(ConfigNode node) {
        String text = node.string("address_prefix");
        byte[] address = NetUtil.createByteArrayFromIpAddressString(text);
        if (address == null) {
            throw new ConfigException("malformed IP address: " + text);
        }
        try {
            return new AddressRange(InetAddress.getByAddress(address), (int) node.integer("prefix_len", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length of an address is right
        }
    }

    @Override
    public boolean add(HttpStream stream, List<Entry> entries) {
        InetSocketAddress address = stream.info().downstreamRemoteAddress;
        if (address == null || contains(address.getAddress()) == inverted) {
            return false;
        }
        StringBuilder text = new StringBuilder();
        value.format(stream.info(), stream.requestHeaders(), null, null, text);
        String made = text.isEmpty() ? absent : text.toString();
        return !made.isEmpty() && entries.add(new Entry(key, made));
    }

    private boolean contains(InetAddress address) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).contains(address)) {
                return true;
            }
        }
        return false;
    }
}
