package dev.mishap.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryParametersTest {
    @ParameterizedTest
    @CsvSource({
        "/p, /p",
        "/p?, /p",
        "/p?a, /p?a=",
        "/p?b=1&a=2&b=0, /p?a=2&b=1&b=0",
        "/?&&=&h, /?=&=&=&h=",
        "/?g=a=b=c, /?g=a=b=c",
        "/?%6Bay=%41+b, /?kay=A+b",
        "/?c=%&d=%4&e=%zz&f=%4z, /?c=%&d=%4&e=%zz&f=%4z"
    })
    void aTargetIsTakenApartAndPutTogetherAsInEnvoy(String target, String expected) {
        assertThat(new QueryParameters(target).target()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"a b, a%20b", "~!*, %7E%21*", "x-._9, x-._9", "100%, 100%25", "\u00e9, %E9"})
    void aValueIsEncoded(String value, String expected) {
        assertThat(QueryParameters.encode(value)).isEqualTo(expected);
    }

    @RepeatedTest(50)
    void whatIsEncodedIsDecodedAgain(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
            text.append((char) random.nextInt(256));
        }
        assertThat(QueryParameters.decode(QueryParameters.encode(text.toString())))
                .isEqualTo(text.toString());
    }
}
