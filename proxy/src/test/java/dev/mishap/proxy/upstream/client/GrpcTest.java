package dev.mishap.proxy.upstream.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Framing, statuses and time-outs of gRPC; streams are tested against a real server. */
class GrpcTest {
    @RepeatedTest(20)
    void messages_survive_any_cut(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        List<byte[]> sent = new ArrayList<>();
        ByteBuf all = Unpooled.buffer();
        for (int i = 0; i < 10; i++) {
            byte[] message = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(300)];
            random.nextBytes(message);
            sent.add(message);
            all.writeBytes(GrpcFrames.frame(message, 0, message.length));
        }
        GrpcFrames frames = new GrpcFrames(300);
        List<byte[]> got = new ArrayList<>();
        while (all.isReadable()) {
            ByteBuf part = all.readSlice(Math.min(all.readableBytes(), 1 + random.nextInt(50)));
            assertThat(frames.read(part, got::add)).isNull();
        }
        assertThat(got).usingElementComparator(java.util.Arrays::compare).isEqualTo(sent);
        assertThat(frames.isPartial()).isFalse();
    }

    @Test
    void what_nobody_asked_for_ends_the_stream() {
        GrpcFrames tooLong = new GrpcFrames(10);
        GrpcStatus status = tooLong.read(Unpooled.wrappedBuffer(new byte[] {0, -1, -1, -1, -1}), m -> true);
        assertThat(status).extracting(GrpcStatus::code).isEqualTo(GrpcStatus.RESOURCE_EXHAUSTED);
        status = new GrpcFrames(10).read(Unpooled.wrappedBuffer(new byte[] {1, 0, 0, 0, 1, 1}), m -> true);
        assertThat(status).extracting(GrpcStatus::code).isEqualTo(GrpcStatus.INTERNAL);
    }

    @ParameterizedTest
    @CsvSource({"1,1m", "1000000,1m", "250000000,250m", "99999999000000,99999999m", "100000000000000,100000S"})
    void timeouts(long nanos, String text) {
        assertThat(AsyncGrpcClient.timeout(nanos)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"plain,plain", "a%20b,a b", "%C3%A9,é", "100%,100%", "%zz,%zz", "%4,%4"})
    void messages_are_percent_decoded(String wire, String text) {
        assertThat(GrpcStatus.percentDecode(wire)).isEqualTo(text);
    }
}
