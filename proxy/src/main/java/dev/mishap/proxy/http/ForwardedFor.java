package dev.mishap.proxy.http;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code x-forwarded-for} tells: addresses without ports, that of the last proxy last. */
final class ForwardedFor {
    private ForwardedFor() {}

    /** Whether there is only one address in it. */
    static boolean isSingle(HeaderMap h) {
        String all = h.get(HeaderName.X_FORWARDED_FOR);
        return all != null && all.indexOf(',') < 0;
    }

    /** The address that has {@code skip} others after it; null when there is none, or no address in its place. */
    static @Nullable InetSocketAddress address(HeaderMap h, int skip) {
        String all = last(h);
        if (all == null) {
            return null;
        }
        int end = all.length();
        for (int k = 0; k < skip; k++) {
            end = all.lastIndexOf(',', end - 1);
            if (end <= 0) {
                return null;
            }
        }
        return parse(all.substring(all.lastIndexOf(',', end - 1) + 1, end));
    }

    /** The last address that is in none of {@code trusted}, or the first one if all are; null when what is looked at is no address. */
    static @Nullable InetSocketAddress addressBefore(HeaderMap h, List<AddressRange> trusted) {
        String all = last(h);
        InetSocketAddress found = null;
        for (int end = all == null ? -1 : all.length(); all != null && end >= 0; ) {
            int comma = end == 0 ? -1 : all.lastIndexOf(',', end - 1);
            found = parse(all.substring(comma + 1, end));
            if (found == null || !anyContains(trusted, found.getAddress())) {
                return found;
            }
            end = comma;
        }
        return found;
    }

    static boolean anyContains(List<AddressRange> ranges, InetAddress address) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).contains(address)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable String last(HeaderMap h) {
        int last = -1;
        for (int i = h.indexOf(HeaderName.X_FORWARDED_FOR); i >= 0; i = h.indexOf(HeaderName.X_FORWARDED_FOR, i + 1)) {
            last = i;
        }
        return last < 0 ? null : h.value(last);
    }

    /** The address that {@code text} is, blanks around it left out; null when it is none. Nothing is resolved. */
    static @Nullable InetSocketAddress parse(String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text.strip());
        if (bytes == null || text.indexOf('[') >= 0 || isAmbiguous(text.strip())) {
            return null;
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), 0);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length of an address is right
        }
    }

    /** Whether a decimal number has a zero before it: others read it as octal, and would take it for another address. */
    private static boolean isAmbiguous(String address) {
        int start = address.lastIndexOf(':') + 1;
        for (int i = address.indexOf('.', start) < 0 ? address.length() : start; i + 1 < address.length(); i++) {
            if (address.charAt(i) == '0'
                    && (i == start || address.charAt(i - 1) == '.')
                    && Character.isDigit(address.charAt(i + 1))) {
                return true;
            }
        }
        return false;
    }
}
