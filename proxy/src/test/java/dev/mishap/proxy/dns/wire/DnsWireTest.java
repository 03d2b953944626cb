package dev.mishap.proxy.dns.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DnsWireTest {
    private static final String HEADER = "0007 0100 0001 0000 0000 0000";

    private final QuestionReader reader = new QuestionReader();

    private static ByteBuf bytes(String hex) {
        return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replace(" ", "")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "03 777777 03 466F4F 00 0001 0001 | www.foo 1 1",
                "00 0002 0001                     | ROOT 2 1",
                "02 612E 00 001c 0003             | a\\. 28 3",
                "03 615C20 00 0041 0001           | a\\\\\\032 65 1"
            })
    void aQuestionIsReadInPlace(String question, String expected) {
        ByteBuf m = bytes(HEADER + question);
        assertThat(reader.read(m)).isTrue();
        assertThat(reader.name(m, true) + " " + reader.type() + " " + reader.klass())
                .isEqualTo(expected.replace("ROOT", ""));
        assertThat(reader.end()).isEqualTo(m.readableBytes());
    }

    @ParameterizedTest
    @CsvSource({"c00c00010001", "03777777", "0377777700", "03777777000001", "40", "''"})
    void whatIsNoQuestion(String question) {
        assertThat(reader.read(bytes(HEADER + question))).isFalse();
    }

    @Test
    void aNameIsNoLongerThan255Bytes() {
        String label = "3f" + "61".repeat(63);
        String tail = "00 0001 0001";
        assertThat(reader.read(bytes(HEADER + label.repeat(3) + "3d" + "61".repeat(61) + tail)))
                .isTrue();
        assertThat(reader.read(bytes(HEADER + label.repeat(3) + "3e" + "61".repeat(62) + tail)))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, A", "28, AAAA", "65, HTTPS", "257, CAA", "3, TYPE3", "65280, TYPE65280"})
    void typesHaveTheNamesOfRules(int type, String name) {
        assertThat(QuestionReader.typeName(type)).isEqualTo(name);
    }

    private static final String ANSWER = "0007 8180 0001 0001 0000 0001 0161 00 0001 0001"
            + " c00c 0001 0001 0000012c 0004 0a000001"
            + " 00 0029 04d0 00008000 0000";

    @Test
    void timesToLiveAreChangedAndEdnsIsNot() {
        ByteBuf m = bytes(ANSWER);
        DnsMessage.setTtls(m, 5);
        assertThat(ByteBufUtil.hexDump(m)).isEqualTo(ANSWER.replace(" ", "").replace("0000012c", "00000005"));
        DnsMessage.age(m, 9);
        assertThat(ByteBufUtil.hexDump(m)).contains("c00c0001000100000000");
    }

    @Test
    void howLongAnAnswerMayBeKept() {
        assertThat(DnsMessage.lifetime(bytes(ANSWER))).isEqualTo(300);
        assertThat(DnsMessage.lifetime(bytes(ANSWER.replace("8180", "8380")))).isZero();
        assertThat(DnsMessage.lifetime(bytes(ANSWER.replace("8180", "8182")))).isZero();
        String negative = "0007 8183 0001 0000 0001 0000 0161 00 0001 0001 ";
        // SOA: TTL 60, minimum 30
        String soa = "00 0006 0001 0000003c 0016 00 00 00000001 00000002 00000003 00000004 0000001e";
        assertThat(DnsMessage.lifetime(bytes(negative + soa))).isEqualTo(30);
        assertThat(DnsMessage.lifetime(bytes(negative + soa.substring(0, 30)))).isZero();
        assertThat(DnsMessage.lifetime(bytes("0007 8183 0001 0000 0000 0000 0161 00 0001 0001")))
                .isZero();
    }

    @Test
    void noBytesMakeAnyOfItThrowOrLoop() {
        Random random = new Random(3);
        byte[] good = ByteBufUtil.decodeHexDump(ANSWER.replace(" ", ""));
        for (int i = 0; i < 50_000; i++) {
            byte[] message = new byte[random.nextInt(good.length + 30)];
            System.arraycopy(good, 0, message, 0, Math.min(good.length, message.length));
            for (int flips = random.nextInt(8); flips > 0 && message.length > 0; flips--) {
                message[random.nextInt(message.length)] = (byte) (random.nextBoolean() ? random.nextInt() : 0xc0);
            }
            ByteBuf m = Unpooled.wrappedBuffer(message);
            boolean question = reader.read(m);
            if (question) {
                reader.name(m, true);
                DnsReply.addresses(ByteBufAllocator.DEFAULT, m, reader.end(), List.of(), 1)
                        .release();
                QuestionReader.same(m, reader.end(), Unpooled.wrappedBuffer(good));
            }
            if (message.length >= DnsMessage.HEADER) {
                DnsMessage.setTtls(m, 5);
                DnsMessage.age(m, 5);
                assertThat(DnsMessage.lifetime(m)).isNotNegative();
            }
        }
    }
}
