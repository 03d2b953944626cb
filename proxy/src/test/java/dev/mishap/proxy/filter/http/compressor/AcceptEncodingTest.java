package dev.mishap.proxy.filter.http.compressor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceptEncodingTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "none | ABSENT",
                "'' | NOT_VALID",
                "gzip | GZIP",
                "deflate, gzip;q=0.5 | GZIP",
                "gzip;q=0 | NOT_VALID",
                "gzip;q=0, * | NOT_VALID",
                "*, gzip;q=0 | NOT_VALID",
                "* | WILDCARD",
                "*;q=0 | NOT_VALID",
                "*;q=0.5, gzip;q=0.6 | GZIP",
                "identity | IDENTITY",
                "identity, gzip | IDENTITY",
                "gzip, identity | GZIP",
                "gzip;q=0.4, identity;q=0.5 | IDENTITY",
                "br | NOT_VALID",
                "GZIP | NOT_VALID",
                "x-gzip | NOT_VALID",
                "gzip;q=x | NOT_VALID",
                "gzip;Q = 0.1 | GZIP",
                "gzip;level=1 | GZIP",
                " , gzip ,| GZIP"
            })
    void theHeaderIsReadAsEnvoyReadsIt(String header, AcceptEncoding expected) {
        assertThat(AcceptEncoding.of(header, true)).isEqualTo(expected);
    }

    @RepeatedTest(200)
    void nothingButALegalAnswerComesOfAnyText(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        String alphabet = "gzip,;=q*.01 identy\t-x";
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(30); i > 0; i--) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        AcceptEncoding answer = AcceptEncoding.of(text.toString(), true);

        assertThat(answer).isNotEqualTo(AcceptEncoding.ABSENT);
        if (answer == AcceptEncoding.GZIP) {
            assertThat(text.toString()).contains("gzip");
        }
        assertThat(AcceptEncoding.of(text.toString(), false)).isEqualTo(AcceptEncoding.NOT_VALID);
    }
}
