package dev.mishap.proxy.observe.als;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.proto.ProtoWriter;
import io.envoyproxy.envoy.config.core.v3.RequestMethod;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogType;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LogEntryTest {
    private static HeaderMap headers(String... pairs) {
        HeaderMap headers = new HeaderMap();
        for (int i = 0; i < pairs.length; i += 2) {
            headers.add(HeaderName.of(pairs[i]), pairs[i + 1]);
        }
        return headers;
    }

    private static StreamInfo info() {
        StreamInfo info = new StreamInfo();
        info.startTimeEpochNanos = 1_500_000_001_000L;
        info.startNanos = 1_000;
        info.requestEndNanos = 3_000;
        info.upstreamFirstTxNanos = 2_000_001_000L;
        info.endNanos = 2_500_001_000L;
        info.downstreamRemoteAddress = new InetSocketAddress("127.0.0.1", 0);
        info.upstreamHost = new InetSocketAddress("::1", 81);
        info.upstreamCluster = "u1";
        info.upstreamTransportFailureReason = "delayed_connect_error:_Connection_refused";
        info.protocol = "HTTP/1.1";
        info.responseCode = 503;
        info.bytesReceived = 5;
        info.bytesSent = 6;
        info.downstreamBytes.wireSent = 200;
        info.downstreamBytes.headerReceived = 40;
        info.addFlag(ResponseFlag.DELAY_INJECTED);
        info.addFlag(ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE);
        info.putDynamicMetadata("ns", Map.of("k", 1.5));
        return info;
    }

    @Test
    void an_http_entry_reads_as_what_happened() throws Exception {
        LogEntry entry = new LogEntry(
                List.of(),
                List.of(HeaderName.of("x-a"), HeaderName.of("x-none")),
                List.of(),
                List.of(HeaderName.of("t")));
        ProtoWriter out = new ProtoWriter();
        entry.http(
                out,
                info(),
                headers(
                        ":method",
                        "POST",
                        ":path",
                        "/p",
                        ":authority",
                        "h",
                        "x-a",
                        "1",
                        "x-a",
                        "2",
                        "x-request-id",
                        "id"),
                headers(":status", "503", "x-b", "1"),
                headers("t", "v"));

        HTTPAccessLogEntry read = HTTPAccessLogEntry.parseFrom(out.toByteArray());

        assertThat(read.getProtocolVersion()).isEqualTo(HTTPAccessLogEntry.HTTPVersion.HTTP11);
        assertThat(read.getRequest().getRequestMethod()).isEqualTo(RequestMethod.POST);
        assertThat(read.getRequest().getPath()).isEqualTo("/p");
        assertThat(read.getRequest().getRequestHeadersMap()).isEqualTo(Map.of("x-a", "1,2"));
        assertThat(read.getRequest().getRequestBodyBytes()).isEqualTo(5);
        assertThat(read.getRequest().getDownstreamHeaderBytesReceived()).isEqualTo(40);
        assertThat(read.getResponse().getResponseCode().getValue()).isEqualTo(503);
        assertThat(read.getResponse().getResponseHeadersMap()).isEmpty();
        assertThat(read.getResponse().getResponseTrailersMap()).isEqualTo(Map.of("t", "v"));
        AccessLogCommon common = read.getCommonProperties();
        assertThat(common.getStartTime().getSeconds()).isEqualTo(1500);
        assertThat(common.getStartTime().getNanos()).isEqualTo(1000);
        assertThat(common.getTimeToLastRxByte().getNanos()).isEqualTo(2000);
        assertThat(common.getTimeToFirstUpstreamTxByte().getSeconds()).isEqualTo(2);
        assertThat(common.hasTimeToLastUpstreamTxByte()).isFalse();
        assertThat(common.getDuration().getNanos()).isEqualTo(500_000_000);
        assertThat(common.getDownstreamRemoteAddress().getSocketAddress().hasPortValue())
                .isTrue();
        assertThat(common.getUpstreamRemoteAddress().getSocketAddress().getPortValue())
                .isEqualTo(81);
        assertThat(common.getUpstreamTransportFailureReason()).isEqualTo("delayed connect error: Connection refused");
        assertThat(common.getResponseFlags().getDelayInjected()).isTrue();
        assertThat(common.getResponseFlags().hasUnauthorizedDetails()).isTrue();
        assertThat(common.getMetadata()
                        .getFilterMetadataOrThrow("ns")
                        .getFieldsOrThrow("k")
                        .getNumberValue())
                .isEqualTo(1.5);
        assertThat(common.getStreamId()).isEqualTo("id");
        assertThat(common.getDownstreamWireBytesSent()).isEqualTo(200);
        assertThat(common.getAccessLogType()).isEqualTo(AccessLogType.DownstreamEnd);
    }

    @Test
    void every_flag_has_a_place() throws Exception {
        for (ResponseFlag flag : ResponseFlag.values()) {
            StreamInfo info = new StreamInfo();
            info.addFlag(flag);
            ProtoWriter out = new ProtoWriter();
            new LogEntry(List.of(), List.of(), List.of(), List.of()).tcp(out, info, new HeaderMap());
            TCPAccessLogEntry read = TCPAccessLogEntry.parseFrom(out.toByteArray());
            // The API that we are built with has none for the two newest, and none for our own.
            int expected = flag == ResponseFlag.DROP_OVERLOAD
                            || flag == ResponseFlag.UNCONDITIONAL_DROP_OVERLOAD
                            || flag == ResponseFlag.CONNECTION_FAULT_INJECTED
                    ? 0
                    : 1;
            assertThat(read.getCommonProperties().getResponseFlags().getAllFields())
                    .as(flag.name())
                    .hasSize(expected);
        }
    }
}
