package dev.mishap.proxy.filter.http.extauthz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.filter.http.extauthz.Answer.How;
import dev.mishap.proxy.filter.http.extauthz.Answer.Parameter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.proto.ProtoWriter;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CheckResponseTest {
    private final ProtoWriter out = new ProtoWriter();

    private void option(int field, String name, String value, int append, int action) {
        int option = out.begin(field);
        int header = out.begin(1);
        out.string(1, name).string(2, value);
        out.end(header);
        if (append >= 0) {
            int wrapper = out.begin(2);
            out.varint(1, append);
            out.end(wrapper);
        }
        out.varint(3, action);
        out.end(option);
    }

    private Answer read() {
        return CheckResponse.read(out.toByteArray());
    }

    @Test
    void nothingIsYes() {
        assertThat(read().allowed()).isTrue();
        assertThat(read().changesRequest()).isFalse();
    }

    @Test
    void aStatusIsNo() {
        int status = out.begin(1);
        out.varint(1, 7);
        out.end(status);

        assertThat(read()).isEqualTo(Answer.denied(403, "", List.of(), Map.of()));
    }

    @Test
    void aRefusalHasAStatusABodyAndHeaders() {
        int status = out.begin(1);
        out.varint(1, 7);
        out.end(status);
        int denied = out.begin(2);
        int http = out.begin(1);
        out.varint(1, 418);
        out.end(http);
        option(2, "X-A", "1", -1, 0);
        option(2, "x-b", "2", 1, 0);
        out.string(3, "no").end(denied);
        out.struct(4, Map.of("user", "joe"));

        assertThat(read())
                .isEqualTo(Answer.denied(418, "no", List.of(new Change("x-a", "1", How.ADD)), Map.of("user", "joe")));
    }

    @Test
    void aStatusThatNoAnswerCanHaveIsForbidden() {
        int status = out.begin(1);
        out.varint(1, 7);
        out.end(status);
        int denied = out.begin(2);
        int http = out.begin(1);
        out.varint(1, 20);
        out.end(http);
        out.end(denied);

        assertThat(read().status()).isEqualTo(403);
    }

    @Test
    void headersOfTheRequestAreSetUnlessTheyAreToBeAppended() {
        int ok = out.begin(3);
        option(2, "x-appended", "1", 1, 0);
        option(2, "x-set", "\u00e9", -1, 1);
        out.string(5, "x-gone");
        out.end(ok);

        Answer answer = read();

        assertThat(answer.request())
                .containsExactly(
                        new Change("x-set", "\u00c3\u00a9", How.SET), new Change("x-appended", "1", How.APPEND));
        assertThat(answer.removed()).containsExactly("x-gone");
    }

    @Test
    void headersOfTheResponseGoByTheirAction() {
        int ok = out.begin(3);
        option(6, "x-0", "v", -1, 0);
        option(6, "x-3", "v", -1, 3);
        option(6, "x-2", "v", -1, 2);
        option(6, "x-1", "v", -1, 1);
        option(6, "x-f", "v", 0, 0);
        option(6, "x-t", "v", 1, 2);
        out.end(ok);

        assertThat(read().response())
                .containsExactly(
                        new Change("x-0", "v", How.ADD),
                        new Change("x-t", "v", How.ADD),
                        new Change("x-2", "v", How.SET),
                        new Change("x-f", "v", How.SET),
                        new Change("x-3", "v", How.SET_IF_PRESENT),
                        new Change("x-1", "v", How.ADD_IF_ABSENT));
    }

    @Test
    void whatIsNoMessageIsRefused() {
        byte[] bytes = {(byte) 0xff, (byte) 0xff};

        assertThatThrownBy(() -> CheckResponse.read(bytes)).isInstanceOf(ConfigException.class);
    }

    @Test
    void noBytesDoMoreThanBeRefused() {
        Random random = new Random(4);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) (random.nextInt(1, 5) << 3 | 2);
            }
            try {
                AnswerEffects.applyToRequest(CheckResponse.read(bytes), new HeaderMap());
            } catch (ConfigException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @Test
    void aRequestIsChanged() {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.PATH, "/p?b=1&c&a=%41");
        headers.add(HeaderName.AUTHORITY, "h");
        headers.add(HeaderName.of("x-a"), "old");
        headers.add(HeaderName.of("x-gone"), "1");
        headers.add(HeaderName.CONTENT_LENGTH, "3");
        Answer answer = new Answer(
                true,
                200,
                "",
                List.of(
                        new Change("x-a", "new", How.SET),
                        new Change("x-none", "1", How.APPEND),
                        new Change("host", "other", How.SET),
                        new Change("content-length", "0", How.SET)),
                List.of("X-Gone", ":path", "host"),
                List.of(),
                List.of(new Parameter("b", "2")),
                List.of("c"),
                Map.of());

        assertThat(AnswerEffects.applyToRequest(answer, headers)).isNull();

        assertThat(headers.toString()).isEqualTo("{:path=/p?a=%41&b=2, :authority=other, content-length=3, x-a=new}");
    }

    @Test
    void aLineBreakIsNoValue() {
        Answer request = new Answer(
                true,
                200,
                "",
                List.of(new Change("x-a", "1\r\nx-b: 2", How.SET)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Map.of());
        HeaderMap headers = new HeaderMap();

        assertThat(AnswerEffects.applyToRequest(request, headers)).isEqualTo("invalid header value for: x-a");
        AnswerEffects.applyToReply(request.request(), headers);

        assertThat(headers.size()).isZero();
    }
}
