package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeaderNameTest {
    @Test
    void aNameOfTheConfigurationIsMadeOnce() {
        assertThat(HeaderName.of("X-Header-Name-Test")).isSameAs(HeaderName.of("x-header-name-test"));
    }

    @Test
    void aNameFromTheWireIsFoundButNotKept() {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.of("x-header-name-test"), "1");
        HeaderName name = HeaderName.unshared("X-Header-Name-Test");
        assertThat(headers.get(name)).isEqualTo("1");
        assertThat(headers.isNamed(0, name)).isTrue();
        assertThat(name)
                .isNotSameAs(HeaderName.of("x-header-name-test"))
                .isNotSameAs(HeaderName.unshared("X-Header-Name-Test"));
    }
}
