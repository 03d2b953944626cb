package dev.mishap.proxy.filter.http.grpcstats;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

class MessageCounterTest {
    @RepeatedTest(50)
    void messagesAreCountedHoweverTheyAreCut(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        ByteBuf body = Unpooled.buffer();
        int messages = random.nextInt(10);
        for (int i = 0; i < messages; i++) {
            int length = random.nextInt(3) == 0 ? 0 : random.nextInt(600);
            body.writeByte(0).writeInt(length).writeZero(length);
        }
        MessageCounter counter = new MessageCounter();
        int counted = 0;
        while (body.isReadable()) {
            ByteBuf piece = body.readSlice(1 + random.nextInt(Math.min(200, body.readableBytes())));
            counted += counter.count(piece);
            assertThat(piece.readerIndex()).isZero();
        }

        assertThat(counted).isEqualTo(messages);
        body.release();
    }
}
