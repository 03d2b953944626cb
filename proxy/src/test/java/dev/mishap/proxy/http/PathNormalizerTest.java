package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathNormalizerTest {
    @ParameterizedTest
    @CsvSource({
        "/, /",
        "/a/../b//c, /b//c",
        "/%61/./x, /a/x",
        "/.., /",
        "/../../a, /a",
        "/a/b/.., /a/",
        "/a/., /a/",
        "/a/%2e%2E/b, /b",
        "/a\\b, /a/b",
        "/a%2Fb, /a%2Fb",
        "/a%zz, /a%zz",
        "/a.b/c..d, /a.b/c..d",
        "/a?x=../y, /a?x=../y",
        "/<a>, /%3Ca%3E"
    })
    void canonical(String path, String expected) {
        assertThat(PathNormalizer.canonical(path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"//a///b//, /a/b/", "/a//b?c//d, /a/b?c//d", "/a?b//c, /a?b//c"})
    void mergesSlashesOfThePathOnly(String path, String expected) {
        assertThat(PathNormalizer.mergeSlashes(path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"/a%2Fb, true, /a/b", "/a%5cb, true, /a\\b", "/a?b%2F, false, /a?b%2F", "/a%2, false, /a%2"})
    void unescapesSlashesOfThePathOnly(String path, boolean has, String expected) {
        assertThat(PathNormalizer.hasEscapedSlash(path)).isEqualTo(has);
        assertThat(PathNormalizer.unescapeSlashes(path)).isEqualTo(expected);
    }
}
