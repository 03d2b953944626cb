package dev.mishap.proxy.filter.http.grpchttp1bridge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrpcHttp1BridgeFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream().path("/s.S/M?q=1");
    private final HeaderMap response = new HeaderMap();

    private GrpcHttp1BridgeFilter request(String protocol, String type, boolean option) {
        GrpcHttp1BridgeFilter filter = new GrpcHttp1BridgeFilter(option, option);
        stream.info().protocol = protocol;
        stream.header("content-type", type);
        filter.onRequestHeaders(stream, stream.requestHeaders(), false);
        response.add(HeaderName.STATUS, "200");
        return filter;
    }

    private Flow responseData(GrpcHttp1BridgeFilter filter, String text) {
        ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
        Flow flow = filter.onResponseData(stream, data, false);
        stream.responseBody.writeBytes(data);
        data.release();
        return flow;
    }

    @ParameterizedTest
    @CsvSource({"0, 200", "7, 503"})
    void theResponseTellsWhatItsTrailersSay(String status, String httpStatus) {
        GrpcHttp1BridgeFilter filter = request("HTTP/1.1", "application/grpc", false);
        HeaderMap trailers = new HeaderMap();
        trailers.add(HeaderName.GRPC_STATUS, status);
        trailers.add(HeaderName.GRPC_MESSAGE, "why");

        assertThat(filter.onResponseHeaders(stream, response, false)).isEqualTo(Flow.HOLD);
        assertThat(responseData(filter, "abc")).isEqualTo(Flow.PAUSE);
        assertThat(filter.onResponseTrailers(stream, trailers)).isEqualTo(Flow.CONTINUE);

        assertThat(response.get(HeaderName.STATUS)).isEqualTo(httpStatus);
        assertThat(response.get(HeaderName.GRPC_STATUS)).isEqualTo(status);
        assertThat(response.get(HeaderName.GRPC_MESSAGE)).isEqualTo("why");
        assertThat(response.get(HeaderName.CONTENT_LENGTH)).isEqualTo("3");
        assertThat(stream.requestHeaders().get(HeaderName.PATH)).isEqualTo("/s.S/M?q=1");
    }

    @ParameterizedTest
    @CsvSource({"HTTP/2, application/grpc", "HTTP/1.1, text/plain", "HTTP/1.1, application/x-protobuf"})
    void otherCallsPass(String protocol, String type) {
        GrpcHttp1BridgeFilter filter = request(protocol, type, false);

        assertThat(filter.onResponseHeaders(stream, response, false)).isEqualTo(Flow.CONTINUE);
    }

    @Test
    void protobufGetsThePrefixOfGrpcAndLosesIt() {
        GrpcHttp1BridgeFilter filter = request("HTTP/1.1", "application/x-protobuf", true);
        assertThat(stream.requestHeaders().get(HeaderName.CONTENT_TYPE)).isEqualTo("application/grpc");
        assertThat(stream.requestHeaders().get(HeaderName.PATH)).isEqualTo("/s.S/M");
        ByteBuf data = Unpooled.copiedBuffer("abc", StandardCharsets.ISO_8859_1);
        assertThat(filter.onRequestData(stream, data, true)).isEqualTo(Flow.TAKEN);
        data.release();
        assertThat(stream.events).contains("injectRequestData");

        stream.info().responseCodeDetails = "via_upstream";
        filter.onResponseHeaders(stream, response, false);
        responseData(filter, "\0\0\0");
        responseData(filter, "\0\003xyz");

        assertThat(stream.responseBody.toString(StandardCharsets.ISO_8859_1)).isEqualTo("xyz");
    }

    @Test
    void whatTheProxyAnswersItselfIsWhole() {
        GrpcHttp1BridgeFilter filter = request("HTTP/1.1", "application/x-protobuf", true);
        stream.info().responseCodeDetails = "upstream_reset_before_response_started{connection_termination}";

        filter.onResponseHeaders(stream, response, false);
        responseData(filter, "upstream connect error");

        assertThat(stream.responseBody.toString(StandardCharsets.ISO_8859_1)).isEqualTo("upstream connect error");
        filter.onStreamEnd(stream);
    }

    @Test
    void aMessageThatIsTooLongToGetAPrefixIsRefused() {
        GrpcHttp1BridgeFilter filter = request("HTTP/1.1", "application/x-protobuf", true);
        ByteBuf data = Unpooled.buffer().writeZero(stream.bufferLimit());

        assertThat(filter.onRequestData(stream, data, false)).isEqualTo(Flow.PAUSE);

        data.release();
        assertThat(stream.events).contains("reply 413");
        filter.onStreamEnd(stream);
    }
}
