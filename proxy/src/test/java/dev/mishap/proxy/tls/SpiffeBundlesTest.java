package dev.mishap.proxy.tls;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is right in bundles is shown by the recorded case tls-spiffe-validator. */
class SpiffeBundlesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nope | Invalid JSON found in SPIFFE bundle",
                "[] | No trust domains found in SPIFFE bundle",
                "{'trust_domains': {}} | No trust domains found in SPIFFE bundle",
                "{'trust_domains': {'d': {}}} | No keys found in SPIFFE bundle for domain 'd'",
                "{'trust_domains': {'d': {'keys': []}}} | No keys found in SPIFFE bundle for domain 'd'",
                "{'trust_domains': {'d': {'keys': [{'use': 'jwt-svid'}]}}}"
                        + " | missing or invalid 'use' field found in cert for domain 'd'",
                "{'trust_domains': {'d': {'keys': [{'use': 'x509-svid'}]}}}"
                        + " | missing or empty 'x5c' field found in keys for domain: 'd'",
                "{'trust_domains': {'d': {'keys': [{'use': 'x509-svid', 'x5c': ['!!']}]}}}"
                        + " | Failed to create x509 object while loading certs in domain 'd'",
                "{'trust_domains': {'d': {'keys': [{'use': 'x509-svid', 'x5c': ['AAAA']}]}}}"
                        + " | Invalid x509 object in certs for domain 'd'"
            })
    void says_what_is_wrong(String json, String message) {
        byte[] bytes = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> SpiffeBundles.read(bytes))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }
}
