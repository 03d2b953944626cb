package dev.mishap.proxy.filter.http.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BufferFilterTest {
    private final FakeHttpStream stream = new FakeHttpStream().routedTo("c");
    private final StatsStore store = new StatsStore();
    private final BufferFilter filter = new BufferFilter("b", 5, store.counter("downstream_rq_too_large"));

    private Flow headers(boolean end) {
        return filter.onRequestHeaders(stream, stream.requestHeaders, end);
    }

    private Flow data(String text, boolean end) {
        ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        Flow flow = filter.onRequestData(stream, data, end);
        data.release();
        return flow;
    }

    @Test
    void aBodyIsHeldUntilItIsComplete() {
        stream.header("transfer-encoding", "chunked");

        assertThat(headers(false)).isEqualTo(Flow.HOLD);
        assertThat(data("01", false)).isEqualTo(Flow.PAUSE);
        assertThat(data("234", true)).isEqualTo(Flow.CONTINUE);

        assertThat(stream.requestHeaders.get(HeaderName.CONTENT_LENGTH)).isEqualTo("5");
        assertThat(stream.requestHeaders.contains(HeaderName.TRANSFER_ENCODING)).isFalse();
    }

    @Test
    void aLengthThatIsThereStays() {
        stream.header("content-length", "2");
        headers(false);

        data("01", true);

        assertThat(stream.requestHeaders.toString()).endsWith("content-length=2}");
    }

    @Test
    void trailersEndABodyToo() {
        headers(false);
        data("01", false);

        assertThat(filter.onRequestTrailers(stream, new HeaderMap())).isEqualTo(Flow.CONTINUE);

        assertThat(stream.requestHeaders.get(HeaderName.CONTENT_LENGTH)).isEqualTo("2");
    }

    @Test
    void aBodyThatIsTooLongIsRefused() {
        headers(false);
        data("01234", false);

        assertThat(data("5", true)).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reply 413");
        assertThat(store.value("downstream_rq_too_large")).isEqualTo(1);
    }

    @Test
    void aRequestWithoutABodyIsLeftAlone() {
        assertThat(headers(true)).isEqualTo(Flow.CONTINUE);
        assertThat(stream.requestHeaders.contains(HeaderName.CONTENT_LENGTH)).isFalse();
    }

    @Test
    void aRouteHasALimitOfItsOwn() {
        stream.perFilterConfigs.put("b", 1);
        headers(false);

        data("01", false);

        assertThat(stream.events).containsExactly("reply 413");
    }

    @Test
    void aRouteMaySwitchItOff() {
        stream.perFilterConfigs.put("b", BufferExtension.OFF);

        assertThat(headers(false)).isEqualTo(Flow.CONTINUE);
        assertThat(data("0123456789", true)).isEqualTo(Flow.CONTINUE);
        assertThat(stream.requestHeaders.contains(HeaderName.CONTENT_LENGTH)).isFalse();
    }
}
