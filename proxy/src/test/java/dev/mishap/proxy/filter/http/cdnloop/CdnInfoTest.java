package dev.mishap.proxy.filter.http.cdnloop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CdnInfoTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "``#0",
                "me#1",
                "me,me , me#3",
                "ME, me.x, xme#0",
                ", ,me,#1",
                "me; a=b;c=\"d, me\" ,x#1",
                "[::1]:80, a:, a:80#0",
                "a;b=\"x\\\"y\", me#1"
            })
    void countsANameInAList(String list, int times) {
        assertThat(CdnInfo.count(list, "me")).isEqualTo(times);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b", "a:b", "a:1:2", "a;b", "a;b=", "a;b=c;", ";", "[::1", "[x]", "\"q\"", "a;b=\"", "a(b)", ":8"
            })
    void whatIsNoListIsTold(String list) {
        assertThat(CdnInfo.count(list, "me")).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"a.example:80,true", "a b,false", "'a,b',false", "' a',false"})
    void aNameIsOneElementWithoutParameters(String id, boolean valid) {
        assertThat(CdnInfo.isId(id)).isEqualTo(valid);
    }
}
