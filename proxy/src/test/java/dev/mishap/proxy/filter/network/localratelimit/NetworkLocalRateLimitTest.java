package dev.mishap.proxy.filter.network.localratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.common.SharedTokenBuckets;
import dev.mishap.proxy.filter.network.FakeConnection;
import dev.mishap.proxy.filter.network.NetworkFilter.Status;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetworkLocalRateLimitTest {
    private static final String MESSAGE = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
    private static final String ONE = "token_bucket: {max_tokens: 1, fill_interval: 3600s}\n";

    private final FakeConnection connection = new FakeConnection();

    @BeforeEach
    void services() {
        connection.services.put(SharedTokenBuckets.class, new SharedTokenBuckets());
    }

    private PassingFilterFactory factory(String yaml) {
        return (PassingFilterFactory) new NetworkLocalRateLimitExtension()
                .parse(ConfigReader.checkedYaml(MESSAGE, "stat_prefix: p\n" + yaml), connection);
    }

    private Status connect(PassingFilterFactory factory) {
        return factory.create().onNewConnection(connection);
    }

    @Test
    void aConnectionWithoutATokenIsClosed() {
        PassingFilterFactory factory = factory(ONE);

        assertThat(connect(factory)).isEqualTo(Status.DONE);
        assertThat(connection.events).isEmpty();
        assertThat(connect(factory)).isEqualTo(Status.STOP);

        assertThat(connection.events).containsExactly("closeNow local_ratelimit_close_over_limit");
        assertThat(connection.stats.value("local_rate_limit.p.rate_limited")).isEqualTo(1);
    }

    @Test
    void runtimeMaySwitchItOff() {
        PassingFilterFactory factory = factory(ONE + "runtime_enabled: {default_value: true, runtime_key: limit}");
        connection.runtimeFlags.put("limit", false);

        assertThat(connect(factory)).isEqualTo(Status.DONE);
        assertThat(connect(factory)).isEqualTo(Status.DONE);
        connection.runtimeFlags.put("limit", true);
        assertThat(connect(factory)).isEqualTo(Status.DONE);
        assertThat(connect(factory)).isEqualTo(Status.STOP);
    }

    @Test
    void filtersMayShareABucket() {
        PassingFilterFactory one = factory(ONE + "share_key: k");
        PassingFilterFactory other = factory(ONE + "share_key: k");
        PassingFilterFactory own = factory(ONE);

        assertThat(connect(one)).isEqualTo(Status.DONE);
        assertThat(connect(other)).isEqualTo(Status.STOP);
        assertThat(connect(own)).isEqualTo(Status.DONE);
    }

    @Test
    void aBucketIsNotFilledTooOften() {
        assertThatThrownBy(() -> factory("token_bucket: {max_tokens: 1, fill_interval: 0.049s}"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("local rate limit token bucket fill timer must be >= 50ms");
    }
}
