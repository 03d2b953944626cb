package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.observe.stats.StatsSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;

/** statsd by UDP: what can't be sent at once is lost, as UDP's bargain is. */
final class UdpStatsdSink implements StatsSink {
    private final StatsdFormat format;
    private final int maxBytes;
    private final DatagramChannel channel;
    private final StringBuilder datagram = new StringBuilder();

    /** @param maxBytes of a datagram that takes several lines; 0 = one line each */
    UdpStatsdSink(StatsdFormat format, InetSocketAddress to, int maxBytes) {
        this.format = format;
        this.maxBytes = maxBytes;
        try {
            channel = DatagramChannel.open();
            channel.configureBlocking(false);
            channel.connect(to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void flush(StatsSnapshot snapshot) {
        format.write(snapshot, this::line);
        send();
    }

    private void line(String line) {
        if (datagram.length() > 0 && datagram.length() + 1 + line.length() > maxBytes) {
            send();
        }
        if (datagram.length() > 0) {
            datagram.append('\n');
        }
        datagram.append(line);
    }

    private void send() {
        if (datagram.length() == 0) {
            return;
        }
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(datagram.toString());
        datagram.setLength(0);
        try {
            channel.write(bytes);
        } catch (IOException e) {
            // Nobody listens there at the moment; the next flush tries again.
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }
}
