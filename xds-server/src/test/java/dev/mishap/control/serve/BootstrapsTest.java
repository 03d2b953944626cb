package dev.mishap.control.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.serve.Bootstraps.ApiType;
import dev.mishap.control.serve.Bootstraps.Client;
import dev.mishap.control.serve.Bootstraps.Tls;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BootstrapsTest {
    private static String of(Client client, String host, Tls tls) {
        return Bootstraps.of(client, host, 18000, "checkout", "pod-7", ApiType.DELTA_GRPC, tls);
    }

    @Test
    void plainTextHasNoTransportSocket() {
        assertThat(of(Client.ENVOY, "127.0.0.1", Tls.NONE))
                .contains("  id: pod-7\n", "address: 127.0.0.1, port_value: 18000", "\n    load_assignment:\n")
                .doesNotContain("transport_socket", "\n\n");
        assertThat(of(Client.GRPC, "h", Tls.NONE)).contains("[{\"type\": \"insecure\"}]", "\"id\": \"pod-7\"");
    }

    @Test
    void aServerWithACertificateIsReachedByTlsAndKnownByItsName() {
        assertThat(of(Client.MISHAP, "mishap.example.org", Tls.SERVER))
                .contains(
                        "\n    transport_socket:",
                        "\n        sni: mishap.example.org\n",
                        "\n            trusted_ca: {filename: /etc/mishap/ca.pem}\n",
                        "{san_type: DNS, matcher: {exact: \"mishap.example.org\"}}",
                        "\n    load_assignment:\n")
                .doesNotContain("tls_certificates");
        assertThat(of(Client.ENVOY, "10.0.0.1", Tls.MUTUAL))
                .contains("san_type: IP_ADDRESS", "\n          tls_certificates: [{", "/etc/mishap/node.key")
                .doesNotContain("sni:");
        assertThat(of(Client.GRPC, "h", Tls.MUTUAL))
                .contains("{\"type\": \"tls\", \"config\": {\"ca_certificate_file\"", "\"private_key_file\"");
    }

    @Test
    void oneThatPollsHasNoStream() {
        assertThat(Bootstraps.of(Client.ENVOY, "h", 18001, "checkout", "pod-7", ApiType.REST, Tls.NONE))
                .contains(
                        "rest_cluster: mishap-control}}\n",
                        "lds_config: {resource_api_version: V3, api_config_source: {api_type: REST")
                .doesNotContain("ads", "http2", "\n\n");
    }

    @ParameterizedTest
    @CsvSource({"pod-7, pod-7", "7, '\"7\"'", "true, '\"true\"'", "a: b, '\"a: b\"'", "'x\"y', '\"x\\\"y\"'"})
    void namesAreWhatTheyAre(String node, String written) {
        assertThat(Bootstraps.of(Client.ENVOY, "h", 1, "s", node, ApiType.GRPC, Tls.NONE))
                .contains("\n  id: " + written + "\n");
    }
}
