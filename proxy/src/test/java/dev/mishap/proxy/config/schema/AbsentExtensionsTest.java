package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AbsentExtensionsTest {
    @ParameterizedTest
    @CsvSource({
        "envoy.extensions.compression.brotli.compressor.v3.Brotli, gzip",
        "envoy.extensions.compression.zstd.decompressor.v3.Zstd, gzip",
        "envoy.extensions.filters.http.lua.v3.Lua, Lua",
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter, CEL",
        "envoy.config.metrics.v3.HystrixSink, metrics_service"
    })
    void theReasonIsTold(String type, String part) {
        assertThat(AbsentExtensions.why(type)).contains(part);
    }

    @ParameterizedTest
    @CsvSource({"envoy.extensions.filters.http.router.v3.Router", "nobody.knows.It"})
    void othersHaveNone(String type) {
        assertThat(AbsentExtensions.why(type)).isNull();
    }
}
