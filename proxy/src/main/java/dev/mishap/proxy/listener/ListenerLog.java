package dev.mishap.proxy.listener;

import dev.mishap.proxy.http.AccessLogType;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.time.Instant;

/** Lines of {@code Listener.access_log}, one a connection. */
final class ListenerLog {
    private static final HeaderMap NO_HEADERS = new HeaderMap();

    private ListenerLog() {}

    /** A connection is over. */
    static void ended(AccessLog log, ConnectionInfo connection) {
        StreamInfo info = connection.streamInfo instanceof StreamInfo s ? s : of(connection);
        info.endNanos = System.nanoTime();
        info.accessLogType = AccessLogType.NOT_SET;
        log.log(info, NO_HEADERS, null, null);
    }

    /** No filter chain is for the connection. */
    static void unmatched(AccessLog log, ConnectionInfo connection) {
        if (log != AccessLog.NONE) {
            StreamInfo info = of(connection);
            info.addFlag(ResponseFlag.NO_ROUTE_FOUND);
            info.responseCodeDetails = "filter_chain_not_found";
            info.endNanos = System.nanoTime();
            info.accessLogType = AccessLogType.NOT_SET;
            log.log(info, NO_HEADERS, null, null);
        }
    }

    private static StreamInfo of(ConnectionInfo connection) {
        StreamInfo info = new StreamInfo();
        info.on(connection);
        connection.allDynamicMetadata().forEach(info::putDynamicMetadata);
        Instant now = Instant.now();
        info.startNanos = connection.acceptedNanos;
        info.startTimeEpochNanos =
                now.getEpochSecond() * 1_000_000_000L + now.getNano() - (System.nanoTime() - connection.acceptedNanos);
        info.connectionTerminationDetails = connection.terminationDetails;
        info.flagConnectionFault();
        return info;
    }
}
