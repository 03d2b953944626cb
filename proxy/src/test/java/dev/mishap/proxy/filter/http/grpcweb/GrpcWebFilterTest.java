package dev.mishap.proxy.filter.http.grpcweb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.http.grpcstats.MethodStats;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcWebFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream().path("/s.S/M");
    private final GrpcWebFilter filter = new GrpcWebFilter(new MethodStats.Registry("grpc-web."), name -> null);

    private void request(String type) {
        stream.header("content-type", type, "content-length", "12");
        filter.onRequestHeaders(stream, stream.requestHeaders(), false);
    }

    private Flow requestData(String text, boolean end) {
        ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
        Flow flow = filter.onRequestData(stream, data, end);
        data.release();
        return flow;
    }

    private HeaderMap response(String status, String type) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, status);
        headers.add(HeaderName.CONTENT_TYPE, type);
        filter.onResponseHeaders(stream, headers, false);
        return headers;
    }

    private String body() {
        return stream.responseBody.toString(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/grpc-web", "application/grpc-web-text+proto"})
    void aRequestBecomesGrpc(String type) {
        request(type);

        assertThat(stream.requestHeaders().get(HeaderName.CONTENT_TYPE)).isEqualTo("application/grpc");
        assertThat(stream.requestHeaders().get(HeaderName.TE)).isEqualTo("trailers");
        assertThat(stream.requestHeaders().contains(HeaderName.CONTENT_LENGTH)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/grpc", "application/grpc-web-foo", "text/plain"})
    void otherRequestsPass(String type) {
        request(type);

        assertThat(stream.requestHeaders().get(HeaderName.CONTENT_TYPE)).isEqualTo(type);
        assertThat(response("503", "text/plain").get(HeaderName.CONTENT_TYPE)).isEqualTo("text/plain");
    }

    @Test
    void textIsDecodedInGroupsOfFour() {
        request("application/grpc-web-text");

        assertThat(requestData("YW", false)).isEqualTo(Flow.TAKEN);
        assertThat(requestData("JjZA==", true)).isEqualTo(Flow.TAKEN);
        assertThat(stream.reply).isNull();
    }

    @ParameterizedTest
    @CsvSource({"YWJ, grpc_base_64_decode_failed_bad_size", "bad!, grpc_base_64_decode_failed"})
    void textThatIsNoneIsRefused(String text, String details) {
        request("application/grpc-web-text");

        assertThat(requestData(text, true)).isEqualTo(Flow.PAUSE);
        assertThat(Objects.requireNonNull(stream.reply).status()).isEqualTo(400);
        assertThat(stream.reply.details()).isEqualTo(details);
    }

    @Test
    void trailersBecomeTheLastFrame() {
        request("application/grpc-web");
        assertThat(response("200", "application/grpc").get(HeaderName.CONTENT_TYPE))
                .isEqualTo("application/grpc-web+proto");
        HeaderMap trailers = new HeaderMap();
        trailers.add(HeaderName.GRPC_STATUS, "7");
        trailers.add(HeaderName.GRPC_MESSAGE, "no");

        filter.onResponseTrailers(stream, trailers);

        assertThat(body()).isEqualTo("\u0080\0\0\0\u0020grpc-status:7\r\ngrpc-message:no\r\n");
        assertThat(trailers.size()).isZero();
    }

    @Test
    void textResponsesAreEncoded() {
        stream.header("accept", "application/grpc-web-text");
        request("application/grpc-web");
        response("200", "application/grpc");

        stream.respondData(filter, "abc", false);

        assertThat(body()).isEqualTo("YWJj");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/grpc-web", "application/grpc-web-text"})
    void theLengthOfTheBodyIsNotThatOfTheResponseUpstream(String type) {
        stream.header("accept", type);
        request(type);
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.STATUS, "200");
        headers.add(HeaderName.CONTENT_TYPE, "application/grpc");
        headers.add(HeaderName.CONTENT_LENGTH, "8");

        filter.onResponseHeaders(stream, headers, false);

        assertThat(headers.contains(HeaderName.CONTENT_LENGTH)).isFalse();
    }

    @Test
    void whatIsNoGrpcBecomesAStatusAndAMessage() {
        request("application/grpc-web");
        HeaderMap headers = response("503", "text/plain");
        ByteBuf data = Unpooled.copiedBuffer("50 %", StandardCharsets.ISO_8859_1);

        assertThat(filter.onResponseData(stream, data, true)).isEqualTo(Flow.CONTINUE);

        assertThat(data.isReadable()).isFalse();
        data.release();
        assertThat(headers.get(HeaderName.GRPC_STATUS)).isEqualTo("14");
        assertThat(headers.get(HeaderName.GRPC_MESSAGE)).isEqualTo("50 %25");
        assertThat(headers.get(HeaderName.CONTENT_LENGTH)).isEqualTo("0");
    }
}
