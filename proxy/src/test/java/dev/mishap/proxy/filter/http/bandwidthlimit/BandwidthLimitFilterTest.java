package dev.mishap.proxy.filter.http.bandwidthlimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.StatsStore;
import org.junit.jupiter.api.Test;

class BandwidthLimitFilterTest {
    private final StatsStore store = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();
    private final BandwidthLimitStats stats = new BandwidthLimitStats(store.scope("bw."));

    private BandwidthLimitFilter filter(String mode) {
        BandwidthLimitConfig config = BandwidthLimitConfig.from(
                ConfigReader.checkedYaml(
                        BandwidthLimitConfig.MESSAGE,
                        "{stat_prefix: bw, enable_mode: " + mode + ", limit_kbps: 1, fill_interval: 0.1s}"),
                stats,
                0);
        BandwidthLimitFilter filter = new BandwidthLimitFilter("bw", config);
        stream.advanceMillis(60_000); // what nobody used in the meantime is not there to be used at once
        filter.onRequestHeaders(stream, stream.requestHeaders(), false);
        filter.onResponseHeaders(stream, new HeaderMap(), false);
        return filter;
    }

    @Test
    void aBodyPassesAtTheRate() {
        BandwidthLimitFilter filter = filter("RESPONSE");

        stream.respondData(filter, "a".repeat(512), true);

        assertThat(stream.responseBody.readableBytes()).isEqualTo(102);
        stream.advanceMillis(100);
        assertThat(stream.responseBody.readableBytes()).isBetween(203, 205);
        assertThat(stream.responseEnded).isFalse();
        for (int i = 0; i < 4; i++) {
            stream.advanceMillis(100);
        }
        assertThat(stream.responseBody.readableBytes()).isEqualTo(512);
        assertThat(stream.responseEnded).isTrue();
        assertThat(stats.response.allowedTotalSize.value()).isEqualTo(512);
        assertThat(stats.response.pending.value()).isZero();
        filter.onStreamEnd(stream);
    }

    @Test
    void theOtherDirectionIsLeftAlone() {
        BandwidthLimitFilter filter = filter("REQUEST");

        stream.respondData(filter, "a".repeat(5000), true);

        assertThat(stream.responseBody.readableBytes()).isEqualTo(5000);
        assertThat(stats.response.enabled.value()).isZero();
        assertThat(stats.request.enabled.value()).isEqualTo(1);
    }

    @Test
    void trailersWaitForTheBytesBeforeThem() {
        BandwidthLimitFilter filter = filter("RESPONSE");

        stream.respondData(filter, "a".repeat(200), false);
        assertThat(filter.onResponseTrailers(stream, new HeaderMap())).isEqualTo(Flow.PAUSE);
        stream.advanceMillis(100);

        assertThat(stream.responseBody.readableBytes()).isEqualTo(200);
        assertThat(stream.events).contains("resumeResponse");
        filter.onStreamEnd(stream);
    }

    @Test
    void aStreamThatEndsEarlyLeavesNothingBehind() {
        BandwidthLimitFilter filter = filter("RESPONSE");
        stream.respondData(filter, "a".repeat(5000), false);

        filter.onStreamEnd(stream);
        stream.advanceMillis(10_000);

        assertThat(stats.response.pending.value()).isZero();
        assertThat(stream.responseBody.readableBytes()).isEqualTo(102);
    }
}
