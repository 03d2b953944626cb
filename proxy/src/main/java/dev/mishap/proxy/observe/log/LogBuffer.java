package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.util.concurrent.FastThreadLocal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes of one log line or formatted value. One per thread is reused for all lines ({@link #ofThread}), so that a line costs
 * no garbage. Text that came as bytes in a header leaves as the same bytes.
 */
public final class LogBuffer {
    private static final int KEEP = 64 * 1024;
    private static final FastThreadLocal<LogBuffer> THREAD = new FastThreadLocal<>() {
        @Override
        protected LogBuffer initialValue() {
            return new LogBuffer();
        }
    };

    private byte[] bytes = new byte[512];
    private int size;

    /** The text of {@link #cachedSecond}, for {@link TimeFormat}. */
    final byte[] cachedSecondText = new byte[20];
    /** The epoch second that {@link #cachedSecondText} holds. */
    long cachedSecond = Long.MIN_VALUE;

    /** The current thread's buffer, emptied. Whoever takes it is done with it before anybody else on the thread asks. */
    static LogBuffer ofThread() {
        LogBuffer buffer = THREAD.get();
        buffer.size = 0;
        if (buffer.bytes.length > KEEP) {
            buffer.bytes = new byte[512];
        }
        return buffer;
    }

    public byte[] array() {
        return bytes;
    }

    public int size() {
        return size;
    }

    void truncate(int newSize) {
        size = newSize;
    }

    void append(byte b) {
        reserve(1);
        bytes[size++] = b;
    }

    void append(char ascii) {
        append((byte) ascii);
    }

    void append(byte[] from) {
        append(from, 0, from.length);
    }

    void append(byte[] from, int offset, int length) {
        reserve(length);
        System.arraycopy(from, offset, bytes, size, length);
        size += length;
    }

    /** Appends text that came from the wire or is ASCII: one byte a character. */
    void latin1(String text) {
        int length = text.length();
        reserve(length);
        for (int i = 0; i < length; i++) {
            bytes[size + i] = (byte) text.charAt(i);
        }
        size += length;
    }

    /** Appends text that came from the configuration. */
    void utf8(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                append(text.getBytes(StandardCharsets.UTF_8));
                return;
            }
        }
        latin1(text);
    }

    /** Appends the value of entry {@code index}. */
    void header(HeaderMap headers, int index) {
        int length = headers.valueSize(index);
        reserve(length);
        headers.copyValue(index, bytes, size);
        size += length;
    }

    void number(long value) {
        if (value < 0) {
            latin1(Long.toString(value));
            return;
        }
        reserve(20);
        int digits = 1;
        for (long v = value; v >= 10; v /= 10) {
            digits++;
        }
        long v = value;
        for (int i = size + digits - 1; i >= size; i--) {
            bytes[i] = (byte) ('0' + v % 10);
            v /= 10;
        }
        size += digits;
    }

    /** Appends {@code value} in exactly {@code width} digits, with leading zeros. */
    void padded(long value, int width) {
        reserve(width);
        long v = value;
        for (int i = size + width - 1; i >= size; i--) {
            bytes[i] = (byte) ('0' + v % 10);
            v /= 10;
        }
        size += width;
    }

    /** Appends {@code 1.2.3.4} or {@code [::1]} as in an address with a port, without the brackets if {@code bare}. */
    void ip(InetAddress address, boolean bare) {
        byte[] raw = address.getAddress();
        if (raw.length == 4) {
            for (int i = 0; i < 4; i++) {
                if (i > 0) {
                    append('.');
                }
                number(raw[i] & 0xff);
            }
        } else {
            String text = Addresses.ipv6(raw);
            latin1(bare ? text : "[" + text + "]");
        }
    }

    /** Appends {@code 1.2.3.4:80}, {@code [::1]:80}, or the path of a unix socket. */
    void address(SocketAddress at) {
        if (!(at instanceof InetSocketAddress address)) {
            utf8(at.toString());
            return;
        }
        InetAddress ip = address.getAddress();
        if (ip == null) {
            latin1(address.getHostString());
        } else {
            ip(ip, false);
        }
        append(':');
        number(address.getPort());
    }

    /** Puts JSON's escapes into what was appended since {@code from}. */
    void escapeJson(int from) {
        boolean highBytes = false;
        boolean needed = false;
        for (int i = from; i < size; i++) {
            byte b = bytes[i];
            if (b < 0) {
                highBytes = true;
            } else if (b < 0x20 || b == '"' || b == '\\' || b == 0x7f) {
                needed = true;
            }
        }
        // a value that is UTF-8 stays as it is; in one that isn't, each high byte becomes an escape of its own
        boolean escapeHigh = highBytes && !Utf8.valid(bytes, from, size);
        if (!needed && !escapeHigh) {
            return;
        }
        byte[] raw = Arrays.copyOfRange(bytes, from, size);
        size = from;
        for (byte b : raw) {
            if (b == '"' || b == '\\') {
                append('\\');
                append(b);
            } else if (b == '\n') {
                latin1("\\n");
            } else if (b == '\r') {
                latin1("\\r");
            } else if (b == '\t') {
                latin1("\\t");
            } else if (b == '\b') {
                latin1("\\b");
            } else if (b == '\f') {
                latin1("\\f");
            } else if ((b >= 0 && b < 0x20) || b == 0x7f || (b < 0 && escapeHigh)) {
                latin1("\\u00");
                append(hex((b >> 4) & 15));
                append(hex(b & 15));
            } else {
                append(b);
            }
        }
    }

    private static byte hex(int digit) {
        return (byte) (digit < 10 ? '0' + digit : 'a' + digit - 10);
    }

    private void reserve(int length) {
        if (bytes.length - size < length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + length));
        }
    }

    /** What was appended since {@code from}, one character a byte. */
    String latin1Since(int from) {
        return new String(bytes, from, size - from, StandardCharsets.ISO_8859_1);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, size, StandardCharsets.UTF_8);
    }
}
