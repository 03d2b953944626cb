package dev.mishap.proxy.filter.http.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaggageTest {
    private static List<String> lines(HeaderMap headers) {
        List<String> lines = new ArrayList<>();
        for (int i = headers.indexOf(Baggage.HEADER); i >= 0; i = headers.indexOf(Baggage.HEADER, i + 1)) {
            lines.add(headers.value(i));
        }
        return lines;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                    | chaos.experiment.id=E1",
                "user=a                              | user=a,chaos.experiment.id=E1",
                "user=a;p=1 , b=2                    | user=a;p=1 , b=2,chaos.experiment.id=E1",
                "chaos.experiment.id=E1,x=1          | chaos.experiment.id=E1,x=1",
                "a=1, chaos.experiment.id = E0 ;p,x=1| a=1, chaos.experiment.id =E0%2CE1;p,x=1",
                "chaos.experiment.id=E0%2CE1         | chaos.experiment.id=E0%2CE1",
                "chaos.experiment.id=                | chaos.experiment.id=E1",
            })
    void addsTheIdAndKeepsTheRest(String before, String after) {
        HeaderMap headers = new HeaderMap();
        if (before != null) {
            headers.add(Baggage.HEADER, before);
        }

        assertThat(Baggage.add(headers, "E1")).isTrue();

        assertThat(lines(headers)).containsExactly(after);
    }

    @Test
    void severalLinesStayApart() {
        HeaderMap headers = new HeaderMap();
        headers.add(Baggage.HEADER, "a=1");
        headers.add(Baggage.HEADER, "chaos.experiment.id=E0,b=2");

        Baggage.add(headers, "E1");

        assertThat(lines(headers)).containsExactly("a=1", "chaos.experiment.id=E0%2CE1,b=2");
    }

    @Test
    void encodesWhatIsNoBaggageOctet() {
        assertThat(Baggage.encode("a b,c;d%e\"f\\é/:.-_")).isEqualTo("a%20b%2Cc%3Bd%25e%22f%5C%C3%A9/:.-_");
    }

    @Test
    void aFullBaggageIsLeftAsItIs() {
        HeaderMap bytes = new HeaderMap();
        bytes.add(Baggage.HEADER, "a=" + "x".repeat(8170));
        HeaderMap members = new HeaderMap();
        members.add(Baggage.HEADER, "a=1,".repeat(63) + "a=1");
        HeaderMap ours = new HeaderMap();
        ours.add(Baggage.HEADER, "chaos.experiment.id=" + "x".repeat(8170));

        for (HeaderMap headers : List.of(bytes, members, ours)) {
            List<String> before = lines(headers);
            assertThat(Baggage.add(headers, "E1")).isFalse();
            assertThat(lines(headers)).isEqualTo(before);
        }
    }
}
