package dev.mishap.proxy.filter.http.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.upstream.RawUpstream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamFiltersTest {
    private static final String TYPE = "'@type': type.googleapis.com/envoy.extensions.filters.http.";
    private static final String CODEC = filter("c", "upstream_codec.v3.UpstreamCodec", "");
    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    private static final String ALL = "[{match: {prefix: /}, route: {cluster: u1, retry_policy: {retry_on: 5xx,"
            + " retry_back_off: {base_interval: 0.001s}}}}]";
    private static final String MUTATION = filter(
            "m",
            "header_mutation.v3.HeaderMutation",
            "mutations: {request_mutations: [{append: {header: {key: x-try, value: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%'}}}],"
                    + " response_mutations: [{append: {header: {key: x-seen, value: 'yes'}}}]}");

    private static String filter(String name, String type, String fields) {
        return "{name: " + name + ", typed_config: {" + TYPE + type + ", " + fields + "}}";
    }

    private static String cluster(String filters, int port) {
        return "["
                + RouterFixture.cluster(
                        "u1",
                        "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions:"
                                + " {'@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions,"
                                + " explicit_http_config: {http_protocol_options: {}}, http_filters: [" + filters
                                + "]}},",
                        port)
                + "]";
    }

    private static RouterFixture proxy(String filters, int port) {
        return new RouterFixture("", "", ALL, "", cluster(filters, port));
    }

    @Test
    void each_try_passes_them() throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    String head;
                    while (!(head = peer.readHead()).isEmpty()) {
                        heads.add(head);
                        peer.send(heads.size() == 1 ? "HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n" : OK);
                    }
                });
                RouterFixture f = proxy(MUTATION + ", " + CODEC, up.port())) {
            assertThat(f.get("/")).startsWith("HTTP/1.1 200 OK").contains("\r\nx-seen: yes\r\n");
            assertThat(heads.take()).contains("\r\nx-try: 1\r\n");
            assertThat(heads.take()).contains("\r\nx-try: 1\r\n", "\r\nx-try: 2\r\n");
        }
    }

    @Test
    void what_one_makes_can_not_end_a_line() {
        String copy = filter(
                "m",
                "header_mutation.v3.HeaderMutation",
                "mutations: {request_mutations: [{append: {header: {key: x-q, value: '%QUERY_PARAM(q)%'}}}]}");
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawUpstream up = new RawUpstream(peer -> {
                    String head;
                    while (!(head = peer.readHead()).isEmpty()) {
                        heads.add(head);
                        peer.send(OK);
                    }
                });
                RouterFixture f = proxy(copy + ", " + CODEC, up.port())) {
            assertThat(f.get("/?q=a%0d%0ax-evil:1"))
                    .startsWith("HTTP/1.1 503 ")
                    .endsWith("\r\n\r\ninvalid header value for: x-q");
            assertThat(f.get("/?q=a")).startsWith("HTTP/1.1 200 ");
            assertThat(heads).hasSize(1);
            assertThat(f.stat("cluster.u1.upstream_rq_active")).isZero();
        }
    }

    @Test
    void what_one_answers_is_no_response_of_the_upstream() throws Exception {
        String deny = filter(
                "d",
                "rbac.v3.RBAC",
                "rules: {action: DENY, policies: {p: {permissions: [{any: true}], principals: [{any: true}]}}}");
        try (RawUpstream up = new RawUpstream(peer -> {});
                RouterFixture f = proxy(MUTATION + ", " + deny + ", " + CODEC, up.port())) {
            assertThat(f.get("/")).startsWith("HTTP/1.1 403 Forbidden").doesNotContain("x-seen");
            assertThat(f.log(1)).containsExactly("403 - rbac_access_denied_matched_policy[p] 1");
            assertThat(f.stat("cluster.u1.rbac.denied")).isEqualTo(1);
            assertThat(f.stat("cluster.u1.upstream_cx_total")).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cors.v3.Cors | | true | Didn't find a registered implementation for 'f' with type URL:"
                        + " 'envoy.extensions.filters.http.cors.v3.Cors'",
                "buffer.v3.Buffer | max_request_bytes: 1 | false | Error: non-terminal filter named f of type"
                        + " envoy.filters.http.buffer is the last filter in a upstream http filter chain.",
                "rbac.v3.RBAC | | false | Error: non-terminal filter named f of type envoy.filters.http.upstream_rbac is"
                        + " the last filter in a upstream http filter chain.",
            })
    void says_what_a_chain_can_not_be(String type, String fields, boolean codec, String message) {
        String filters = filter("f", type, fields == null ? "" : fields) + (codec ? ", " + CODEC : "");
        assertThatThrownBy(() -> proxy(filters, 1))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }
}
