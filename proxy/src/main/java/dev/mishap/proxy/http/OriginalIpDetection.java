package dev.mishap.proxy.http;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One of {@code original_ip_detection_extensions}: who the client is, by what a request tells. Immutable. */
public abstract class OriginalIpDetection {
    /**
     * Who was found.
     *
     * @param trusted whether the request counts as internal when the address is
     */
    public record Client(InetSocketAddress address, boolean trusted) {}

    private OriginalIpDetection() {}

    /** The client, or null when the request does not tell it. */
    abstract @Nullable Client detect(HeaderMap headers, @Nullable InetSocketAddress peer);

    /** How a request is answered that does not tell its client; null = the next one is asked. */
    RequestHeaders.@Nullable Refusal refusal() {
        return null;
    }

    /** Whether the peer's address is appended to x-forwarded-for. */
    boolean appendsPeer() {
        return false;
    }

    /**
     * By x-forwarded-for.
     *
     * @param hops how many of its addresses are those of trusted proxies
     */
    public static OriginalIpDetection byForwardedFor(int hops, boolean appendsPeer) {
        return new ByForwardedFor(hops, null, appendsPeer);
    }

    /** By x-forwarded-for, from peers in {@code trusted} only, and up to the last address that is not. */
    public static OriginalIpDetection byForwardedFor(List<AddressRange> trusted, boolean appendsPeer) {
        return new ByForwardedFor(0, List.copyOf(trusted), appendsPeer);
    }

    /**
     * By a header that holds the address and nothing else.
     *
     * @param trusted whether such an address may be that of an internal client
     * @param refusalStatus the status of the answer to requests without it; 0 = there is none
     */
    public static OriginalIpDetection byHeader(HeaderName name, boolean trusted, int refusalStatus) {
        return new ByHeader(
                name,
                trusted,
                refusalStatus == 0
                        ? null
                        : RequestHeaders.Refusal.of(refusalStatus, "rejecting_because_detection_failed", false));
    }

    private static final class ByForwardedFor extends OriginalIpDetection {
        private final int hops;
        private final @Nullable List<AddressRange> trusted;
        private final boolean appendsPeer;

        ByForwardedFor(int hops, @Nullable List<AddressRange> trusted, boolean appendsPeer) {
            this.hops = hops;
            this.trusted = trusted;
            this.appendsPeer = appendsPeer;
        }

        @Override
        @Nullable
        Client detect(HeaderMap headers, @Nullable InetSocketAddress peer) {
            List<AddressRange> ranges = trusted;
            if (ranges != null && (peer == null || !ForwardedFor.anyContains(ranges, peer.getAddress()))) {
                return null;
            }
            InetSocketAddress found =
                    ranges == null ? ForwardedFor.address(headers, hops) : ForwardedFor.addressBefore(headers, ranges);
            return found == null ? null : new Client(found, ForwardedFor.isSingle(headers));
        }

        @Override
        boolean appendsPeer() {
            return appendsPeer;
        }
    }

    private static final class ByHeader extends OriginalIpDetection {
        private final HeaderName name;
        private final boolean trusted;
        private final RequestHeaders.@Nullable Refusal refusal;

        ByHeader(HeaderName name, boolean trusted, RequestHeaders.@Nullable Refusal refusal) {
            this.name = name;
            this.trusted = trusted;
            this.refusal = refusal;
        }

        @Override
        @Nullable
        Client detect(HeaderMap headers, @Nullable InetSocketAddress peer) {
            String text = headers.get(name);
            InetSocketAddress found = text == null ? null : ForwardedFor.parse(text);
            return found == null ? null : new Client(found, trusted);
        }

        @Override
        RequestHeaders.@Nullable Refusal refusal() {
            return refusal;
        }
    }
}
