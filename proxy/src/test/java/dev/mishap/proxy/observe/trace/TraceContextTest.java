package dev.mishap.proxy.observe.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {
    private static HeaderMap headers(String text) {
        HeaderMap headers = new HeaderMap();
        for (String line : text.isEmpty() ? new String[0] : text.split(";")) {
            headers.add(HeaderName.of(line.substring(0, line.indexOf('='))), line.substring(line.indexOf('=') + 1));
        }
        return headers;
    }

    private static String text(HeaderMap headers) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < headers.size(); i++) {
            out.append(i == 0 ? "" : ";").append(headers.name(i)).append('=').append(headers.value(i));
        }
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "b3=463ac35c9f6413ad-a2fb4a1d1a96d312-1, b3=463ac35c9f6413ad-a2fb4a1d1a96d312-1",
        "b3=463ac35c9f6413ad-a2fb4a1d1a96d312-d, b3=463ac35c9f6413ad-a2fb4a1d1a96d312-1",
        "b3=80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0-05e3ac9a4f6e3b90,"
                + " b3=80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0-05e3ac9a4f6e3b90",
        "x-b3-traceid=1f;x-b3-spanid=2;x-b3-sampled=1,"
                + " x-b3-traceid=000000000000001f;x-b3-spanid=0000000000000002;x-b3-sampled=1",
        "x-b3-traceid=1;x-b3-spanid=2;x-b3-parentspanid=3;x-b3-sampled=true,"
                + " x-b3-traceid=0000000000000001;x-b3-spanid=0000000000000002;"
                + "x-b3-parentspanid=0000000000000003;x-b3-sampled=1",
    })
    void what_came_goes_on(String in, String out) throws Exception {
        HeaderMap headers = headers(in);
        TraceContext.of(headers).inject(headers);
        assertThat(text(headers)).isEqualTo(out);
    }

    @ParameterizedTest
    @CsvSource({
        "'',",
        "x-b3-sampled=0,false",
        "x-b3-sampled=1,true",
        "x-b3-flags=1,true",
        "x-b3-flags=0,",
        "b3=0,false",
        "b3=d,true",
        "x-b3-traceid=1,",
        "x-b3-spanid=1,",
    })
    void a_decision_without_a_span(String in, Boolean sampled) throws Exception {
        TraceContext context = TraceContext.of(headers(in));
        assertThat(context.hasSpan()).isFalse();
        assertThat(context.sampled()).isEqualTo(sampled);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "b3=",
                "b3=zz",
                "b3=1-2-3-4-5",
                "b3=1-",
                "b3=1-2-x",
                "b3=1-2-11-1",
                "b3=x",
                "x-b3-traceid=zz;x-b3-spanid=1",
                "x-b3-traceid=1;x-b3-spanid=11111111111111111",
                "x-b3-traceid=1;x-b3-spanid=",
            })
    void nonsense(String in) {
        assertThatThrownBy(() -> TraceContext.of(headers(in))).isInstanceOf(TraceContext.MalformedException.class);
    }
}
