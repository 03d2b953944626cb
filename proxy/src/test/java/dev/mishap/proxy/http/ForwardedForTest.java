package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardedForTest {
    private static HeaderMap headers(String value) {
        HeaderMap h = new HeaderMap();
        h.add(HeaderName.X_FORWARDED_FOR, value);
        return h;
    }

    private static String text(InetSocketAddress found) {
        return found == null ? "none" : found.getAddress().getHostAddress();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1.1.1.1 | 0 | 1.1.1.1",
                "1.1.1.1 | 1 | none",
                "1.1.1.1, 2.2.2.2,3.3.3.3 | 0 | 3.3.3.3",
                "1.1.1.1, 2.2.2.2,3.3.3.3 | 1 | 2.2.2.2",
                "1.1.1.1, 2.2.2.2,3.3.3.3 | 2 | 1.1.1.1",
                "1.1.1.1, 2.2.2.2,3.3.3.3 | 3 | none",
                "1.1.1.1:80 | 0 | none",
                "1.1.1.1, | 0 | none",
                "localhost | 0 | none",
                "0.0.0.10 | 0 | 0.0.0.10",
                "010.0.0.1 | 0 | none",
                "1.2.3.04 | 0 | none",
                "::ffff:010.0.0.1 | 0 | none",
                "2001:0db8::0001 | 0 | 2001:db8:0:0:0:0:0:1",
                "[::1] | 0 | none",
            })
    void addressesAreCountedFromTheEnd(String value, int skip, String expected) {
        assertThat(text(ForwardedFor.address(headers(value), skip))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1.1.1.1 | 1.1.1.1",
                "10.1.1.1 | 10.1.1.1",
                "1.1.1.1, 10.2.2.2, 10.3.3.3 | 1.1.1.1",
                "9.9.9.9, 1.1.1.1, 10.3.3.3 | 1.1.1.1",
                "10.1.1.1, 10.2.2.2 | 10.1.1.1",
                "1.1.1.1, bad, 10.2.2.2 | none",
                ", 10.2.2.2 | none",
                "1.1.1.1, | none",
            })
    void trustedProxiesArePassedOver(String value, String expected) throws UnknownHostException {
        List<AddressRange> trusted = List.of(new AddressRange(InetAddress.getByName("10.0.0.0"), 8));
        assertThat(text(ForwardedFor.addressBefore(headers(value), trusted))).isEqualTo(expected);
    }
}
