package dev.mishap.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class UpstreamFilterChainTest {
    private static List<ConfigNode> filters(String yaml) {
        return ConfigReader.checkedYaml(
                        "envoy.extensions.filters.http.router.v3.Router", "upstream_http_filters: " + yaml)
                .messages("upstream_http_filters");
    }

    private static String filter(String name, String type) {
        return "{name: " + name + ", typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http." + type
                + "}}";
    }

    @Test
    void takesWhatThereIsAnyway() {
        assertThatNoException().isThrownBy(() -> {
            UpstreamFilterChain.check(List.of(), "upstream http");
            UpstreamFilterChain.check(
                    filters("[" + filter("c", "upstream_codec.v3.UpstreamCodec") + "]"), "upstream http");
        });
    }

    @Test
    void namesWhatItDoesNotHave() {
        String both = "[" + filter("h", "header_mutation.v3.HeaderMutation") + ", "
                + filter("c", "upstream_codec.v3.UpstreamCodec") + "]";
        assertThatThrownBy(() -> UpstreamFilterChain.check(filters(both), "upstream http"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("upstream_http_filters[0].typed_config:"
                        + " envoy.extensions.filters.http.header_mutation.v3.HeaderMutation is not supported on the way"
                        + " upstream");
    }
}
