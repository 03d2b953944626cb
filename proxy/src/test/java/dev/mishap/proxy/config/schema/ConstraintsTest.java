package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words are those that Envoy 1.40 printed for the same input. */
class ConstraintsTest {
    private static void broken(String message, String yaml, String problem) {
        assertThatThrownBy(() -> ConfigReader.checkedYaml("envoy." + message, yaml))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("Proto constraint validation failed (" + problem + ")");
    }

    @Test
    void wordsOfEachKindOfRule() {
        String fault = "extensions.filters.http.fault.v3.HTTPFault";
        String embedded = ": embedded message failed validation | caused by ";
        broken(
                fault,
                "{abort: {http_status: 100}}",
                "HTTPFaultValidationError.Abort" + embedded
                        + "FaultAbortValidationError.HttpStatus: value must be inside range [200, 600)");
        broken(
                fault,
                "{abort: {percentage: {numerator: 1}}}",
                "HTTPFaultValidationError.Abort" + embedded + "field: \"error_type\", reason: is required");
        broken(
                fault,
                "{delay: {fixed_delay: 0s}}",
                "HTTPFaultValidationError.Delay" + embedded
                        + "FaultDelayValidationError.FixedDelay: value must be greater than 0s");
        broken(
                fault,
                "{response_rate_limit: {fixed_limit: {limit_kbps: 0}}}",
                "HTTPFaultValidationError.ResponseRateLimit" + embedded
                        + "FaultRateLimitValidationError.FixedLimit" + embedded
                        + "FixedLimitValidationError.LimitKbps: value must be greater than or equal to 1");
        broken(
                fault,
                "{abort: {http_status: 503, percentage: {denominator: 77}}}",
                "HTTPFaultValidationError.Abort" + embedded
                        + "FaultAbortValidationError.Percentage" + embedded
                        + "FractionalPercentValidationError.Denominator: value must be one of the defined enum values");
        broken(
                "config.cluster.v3.Cluster",
                "{name: ''}",
                "ClusterValidationError.Name: value length must be at least 1 characters");
        broken(
                "config.cluster.v3.OutlierDetection",
                "{max_ejection_percent: 101}",
                "OutlierDetectionValidationError.MaxEjectionPercent: value must be less than or equal to 100");
        broken(
                "config.core.v3.HealthCheck",
                "{timeout: 1s, interval: 1s, tcp_health_check: {}}",
                "HealthCheckValidationError.UnhealthyThreshold: value is required");
        broken(
                "config.route.v3.VirtualHost",
                "{name: v}",
                "VirtualHostValidationError.Domains: value must contain at least 1 item(s)");
        broken(
                "config.core.v3.HeaderValue",
                "{key: \"a\\nb\"}",
                "HeaderValueValidationError.Key: value does not match regex pattern \"^[^\\x00\\n\\r]*$\"");
        broken(
                "config.bootstrap.v3.Bootstrap",
                "{stats_flush_interval: 500s}",
                "BootstrapValidationError.StatsFlushInterval: value must be inside range [1ms, 5m0s)");
        broken(
                "config.metrics.v3.HistogramBucketSettings",
                "{match: {prefix: a}, buckets: [1, 1]}",
                "HistogramBucketSettingsValidationError.Buckets[1]: repeated value must contain unique items");
        broken(
                "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "{stat_prefix: x, rds: {config_source: {ads: {}}}, max_request_headers_kb: 9999}",
                "HttpConnectionManagerValidationError.MaxRequestHeadersKb: value must be inside range (0, 8192]");
    }

    @Test
    void anAnyStartsAChainOfItsOwn() {
        assertThatThrownBy(
                        () -> ConfigReader.checkedYaml(
                                "envoy.config.accesslog.v3.AccessLog",
                                "{name: x, typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog}}"))
                .hasMessage(
                        "typed_config.path: Proto constraint validation failed (FileAccessLogValidationError.Path: value length must"
                                + " be at least 1 characters) (envoy.extensions.access_loggers.file.v3.FileAccessLog, line 1:25)");
    }

    @Test
    void everyBrokenRuleIsReported() {
        assertThatThrownBy(() -> ConfigReader.checkedYaml(
                        "envoy.config.cluster.v3.Cluster",
                        "{name: '', connect_timeout: 0s, outlier_detection: {max_ejection_percent: 101}}"))
                .hasMessageContaining("Cluster, line 1:1)")
                .hasMessageContaining("ConnectTimeout: value must be greater than 0s")
                .hasMessageContaining("MaxEjectionPercent");
    }

    @Test
    void negativeDurationsAreRefusedWhateverTheRules() {
        assertThatThrownBy(
                        () -> ConfigReader.checkedYaml("envoy.config.route.v3.RetryPolicy", "{per_try_timeout: -1s}"))
                .hasMessageStartingWith("Invalid duration: Expected positive duration: per_try_timeout");
    }

    @Test
    void rulesOfAnUnchosenMemberOfAOneofDoNotCount() {
        assertThatCode(() -> ConfigReader.checkedYaml("envoy.config.route.v3.RouteMatch", "{prefix: /}"))
                .doesNotThrowAnyException();
        assertThatCode(() -> ConfigReader.checkedYaml("envoy.extensions.filters.http.fault.v3.HTTPFault", "{}"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0s",
        "1, 1ns",
        "1500, 1.5µs",
        "1000000, 1ms",
        "1500000000, 1.5s",
        "300000000000, 5m0s",
        "3661000000000, 1h1m1s"
    })
    void durationsArePrintedAsTheValidatorsDo(long nanos, String text) {
        assertThat(RuleCheck.goDuration(nanos)).isEqualTo(text);
    }
}
