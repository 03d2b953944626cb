package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.AccessLogType;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import java.net.InetSocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Lines about DNS questions: one {@link StreamInfo} serves all of a loop. */
public final class DnsLine {
    private static final HeaderMap NO_HEADERS = new HeaderMap();

    private final AccessLog log;
    private final StreamInfo info = new StreamInfo();

    public DnsLine(AccessLog log) {
        this.log = log;
    }

    /** Begins a line about a question that came at {@code startNanos} and is over now. */
    public StreamInfo begin(long startNanos) {
        info.reset();
        info.accessLogType = AccessLogType.NOT_SET;
        long now = System.nanoTime();
        Instant wall = Instant.now();
        info.startNanos = startNanos;
        info.endNanos = now;
        info.startTimeEpochNanos = wall.getEpochSecond() * 1_000_000_000L + wall.getNano() - (now - startNanos);
        return info;
    }

    public void between(InetSocketAddress from, @Nullable InetSocketAddress local, int received, int sent) {
        info.downstreamRemoteAddress = info.downstreamDirectRemoteAddress = from;
        info.downstreamLocalAddress = local;
        info.bytesReceived = received;
        info.bytesSent = sent;
    }

    /** Writes the line. */
    public void end() {
        log.log(info, NO_HEADERS, null, null);
    }
}
