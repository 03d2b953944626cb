package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.mishap.proxy.config.schema.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a configuration can't be honoured, the error says by what it can be replaced. */
class WhatToWriteInsteadTest {
    private static Throwable loading(String yaml) {
        return catchThrowable(() -> BootstrapLoader.load(Options.of(yaml, 1, "off")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "default_config_source: {ads: {}} | default_config_source: is not supported: it is for xdstp:// names",
                "config_sources: [{ads: {}, authorities: [{name: x}]}] | config_sources: is not supported: it is for xdstp:// names",
                "dynamic_resources: {cds_resources_locator: 'xdstp://a/b'} | use cds_config",
                "dynamic_resources: {lds_resources_locator: 'xdstp://a/b'} | use lds_config",
                "dynamic_resources: {lds_config: {ads: {}, authorities: [{name: x}]}} | lds_config.authorities: is not supported: xdstp://",
                "dynamic_resources: {ads_config: {grpc_services: [{google_grpc: {target_uri: a, stat_prefix: g}}]}}"
                        + " | google_grpc: is not supported: name a cluster by envoy_grpc instead"
            })
    void isTold(String yaml, String told) {
        assertThat(loading(yaml)).isInstanceOf(ConfigException.class).hasMessageContaining(told);
    }

    @Test
    void where_envoy_has_no_effect_there_is_none() {
        assertThat(loading("static_resources: {clusters: [{name: a, connect_timeout: 1s, lrs_server: {self: {}}}]}"))
                .isNull();
    }

    @Test
    void a_third_service_is_told_as_one_too_many() {
        String service = "{envoy_grpc: {cluster_name: a}}";
        Options options = Options.of(
                "dynamic_resources: {ads_config: {api_type: GRPC, transport_api_version: V3, grpc_services: [" + service
                        + ", " + service + "]}}",
                1,
                "off");
        assertThatThrownBy(() -> new Server(options, BootstrapLoader.load(options)).close())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("must have no more than 1 gRPC services specified, got 2")
                .hasMessageContaining("envoy.restart_features.xds_failover_support: true");
    }
}
