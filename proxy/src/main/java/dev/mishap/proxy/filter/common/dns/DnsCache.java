package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.dns.wire.DnsMessage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers by question. Two questions are the same when all but their ids and the case of their names is the same, flags and EDNS
 * options included, so that nobody gets an answer that was cut or signed for another. Confined to a loop.
 */
final class DnsCache {
    private static final int MAX_ANSWER = 4096;
    /** A longer question, with the options of EDNS that it takes for that, is not worth its bytes. */
    private static final int MAX_QUESTION = 512;

    /** The bytes of a question, in lower case, without its id. */
    private static final class Key {
        private final byte[] bytes;
        private final int hash;

        Key(byte[] bytes) {
            this.bytes = bytes;
            this.hash = Arrays.hashCode(bytes);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && Arrays.equals(bytes, key.bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Kept(byte[] answer, long sinceNanos, long seconds) {}

    private final long maxSeconds;
    private final Map<Key, Kept> answers;

    DnsCache(int entries, long maxSeconds) {
        this.maxSeconds = maxSeconds;
        this.answers = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
                return size() > entries;
            }
        };
    }

    private static Key key(ByteBuf query, int questionEnd, boolean stream) {
        byte[] bytes = new byte[query.readableBytes() - 1];
        query.getBytes(query.readerIndex() + 2, bytes, 1, bytes.length - 1);
        bytes[0] = (byte) (stream ? 1 : 0);
        for (int i = DnsMessage.HEADER - 1; i < questionEnd - 5; i++) {
            byte b = bytes[i];
            if (b >= 'A' && b <= 'Z') { // no length of a label is as large
                bytes[i] = (byte) (b + 32);
            }
        }
        return new Key(bytes);
    }

    /** The answer to the question, older by the time that it was kept; null when there is none. The caller owns it. */
    @Nullable
    ByteBuf get(ByteBufAllocator alloc, ByteBuf query, int questionEnd, boolean stream) {
        if (query.readableBytes() > MAX_QUESTION) {
            return null;
        }
        Key key = key(query, questionEnd, stream);
        Kept kept = answers.get(key);
        if (kept == null) {
            return null;
        }
        long age = (System.nanoTime() - kept.sinceNanos()) / 1_000_000_000L;
        if (age >= kept.seconds()) {
            answers.remove(key);
            return null;
        }
        ByteBuf answer = alloc.ioBuffer(kept.answer().length).writeBytes(kept.answer());
        // The question as this client wrote it.
        answer.setBytes(
                DnsMessage.HEADER, query, query.readerIndex() + DnsMessage.HEADER, questionEnd - DnsMessage.HEADER);
        DnsMessage.age(answer, age);
        return answer;
    }

    void put(ByteBuf query, int questionEnd, boolean stream, ByteBuf answer) {
        int length = answer.readableBytes();
        long seconds = query.readableBytes() > MAX_QUESTION || length > MAX_ANSWER || DnsMessage.questions(answer) != 1
                ? 0
                : Math.min(DnsMessage.lifetime(answer), maxSeconds);
        if (seconds > 0) {
            byte[] bytes = new byte[length];
            answer.getBytes(answer.readerIndex(), bytes);
            answers.put(key(query, questionEnd, stream), new Kept(bytes, System.nanoTime(), seconds));
        }
    }
}
