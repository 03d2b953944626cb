package dev.mishap.control.store.local;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How bytes stand in the store's files: a header of {@value #HEADER} bytes with a random salt, then frames of a mark, a length, a checksum
 * (CRC-32C over salt, position, length and content) and the content. The salt keeps what users write from looking like a frame, so that
 * after damage what follows can be told from a tail that was never finished; the position keeps a frame where it was written.
 */
final class Frames {
    static final int HEADER = 16;
    static final int OVERHEAD = 12;
    /** More than any batch of the writer. */
    static final int MAX_CONTENT = 32 << 20;

    private static final int MARK = 0x4d465231;

    private Frames() {}

    /** The start of a file. */
    static ByteBuffer header(long magic, long salt) {
        return ByteBuffer.allocate(HEADER).putLong(magic).putLong(salt).flip();
    }

    /** The bytes before the content of a frame. */
    static ByteBuffer frameHeader(long salt, long position, ByteBuffer content) {
        return ByteBuffer.allocate(OVERHEAD)
                .putInt(MARK)
                .putInt(content.remaining())
                .putInt(checksum(salt, position, content))
                .flip();
    }

    private static int checksum(long salt, long position, ByteBuffer content) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(20)
                .putLong(salt)
                .putLong(position)
                .putInt(content.remaining())
                .flip());
        crc.update(content.duplicate());
        return (int) crc.getValue();
    }

    /** The content of the frame at a position; null when there is no valid one. */
    static @Nullable ByteBuffer at(ByteBuffer file, int position, long salt) {
        if (file.limit() - position < OVERHEAD || file.getInt(position) != MARK) {
            return null;
        }
        int length = file.getInt(position + 4);
        if (length < 0 || length > MAX_CONTENT || length > file.limit() - position - OVERHEAD) {
            return null;
        }
        ByteBuffer content = file.slice(position + OVERHEAD, length);
        return checksum(salt, position, content) == file.getInt(position + 8) ? content : null;
    }

    /** The position of the first valid frame after one; -1 = there is none. */
    static int next(ByteBuffer file, int position, long salt) {
        for (int i = position + 1; i <= file.limit() - OVERHEAD; i++) {
            if (file.getInt(i) == MARK && at(file, i, salt) != null) {
                return i;
            }
        }
        return -1;
    }

    /** Whether there are only zeros from a position on: room that was made but not used. */
    static boolean isUnused(ByteBuffer file, int position) {
        for (int i = position; i < file.limit(); i++) {
            if (file.get(i) != 0) {
                return false;
            }
        }
        return true;
    }
}
