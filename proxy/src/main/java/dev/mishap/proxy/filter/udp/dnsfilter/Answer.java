package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.dns.wire.DnsMessage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The records of an answer, written as Envoy writes them: names in full, no more than 8 records, and 512 bytes at most. */
final class Answer {
    private static final int MAX_RECORDS = 8;
    private static final int MAX_BYTES = 512;
    /** What Envoy takes a header for when it counts. */
    private static final int HEADER_SHARE = 4;

    private record Address(String name, InetAddress address, long ttl) {}

    private record Service(DnsTable.Target target, int port, long ttl) {}

    private final List<Address> addresses = new ArrayList<>();
    private final List<Service> services = new ArrayList<>();
    private final List<Address> additional = new ArrayList<>();

    void address(InetAddress address, long ttl) {
        addresses.add(new Address("", address, ttl));
    }

    void service(DnsTable.Target target, int port, long ttl) {
        services.add(new Service(target, port, ttl));
    }

    void additional(String name, InetAddress address, long ttl) {
        additional.add(new Address(name, address, ttl));
    }

    boolean isEmpty() {
        return addresses.isEmpty() && services.isEmpty();
    }

    int found() {
        return addresses.size() + services.size();
    }

    /** The message; the caller owns it. */
    ByteBuf write(ByteBufAllocator alloc, Asked asked, boolean recursion) {
        ByteBuf query = asked.query;
        int start = query.readerIndex() + DnsMessage.HEADER;
        int question = asked.questionEnd - DnsMessage.HEADER;
        int name = question - 4;
        ByteBuf out = alloc.ioBuffer(MAX_BYTES);
        out.writeZero(DnsMessage.HEADER);
        out.writeBytes(query, start, question);
        int budget = MAX_BYTES - HEADER_SHARE - question;
        int answers = 0;
        for (Address a : addresses) {
            int size = name + 10 + a.address().getAddress().length;
            if (answers == MAX_RECORDS || size > budget) {
                break;
            }
            budget -= size;
            out.writeBytes(query, start, name);
            address(out, a);
            answers++;
        }
        for (Service s : services) {
            int size = name + 16 + length(s.target().name());
            if (answers == MAX_RECORDS || size > budget) {
                break;
            }
            budget -= size;
            out.writeBytes(query, start, name).writeShort(DnsMessage.TYPE_SRV).writeShort(DnsMessage.CLASS_IN);
            out.writeInt((int) s.ttl()).writeShort(6 + length(s.target().name()));
            out.writeShort(s.target().priority())
                    .writeShort(s.target().weight())
                    .writeShort(s.port());
            name(out, s.target().name());
            answers++;
        }
        int more = 0;
        // Envoy has one address for each service record, that which it learned last.
        for (int i = additional.size() - 1; i >= 0 && more < answers; i--) {
            Address a = additional.get(i);
            int size = length(a.name()) + 10 + a.address().getAddress().length;
            if (size > budget) {
                break;
            }
            budget -= size;
            name(out, a.name());
            address(out, a);
            more++;
        }
        int rcode = supported(asked.type) ? answers == 0 ? DnsMessage.NXDOMAIN : DnsMessage.NOERROR : DnsMessage.NOTIMP;
        header(out, query, recursion, rcode);
        out.setShort(4, 1).setShort(6, answers).setShort(10, more);
        return out;
    }

    private static boolean supported(int type) {
        return type == DnsMessage.TYPE_A || type == DnsMessage.TYPE_AAAA || type == DnsMessage.TYPE_SRV;
    }

    /** The answer to a message that could not be read; as much of its header as there is comes back. */
    static ByteBuf malformed(ByteBufAllocator alloc, ByteBuf query, boolean recursion) {
        ByteBuf out = alloc.ioBuffer(DnsMessage.HEADER);
        out.writeZero(DnsMessage.HEADER);
        header(out, query, recursion, DnsMessage.FORMERR);
        return out;
    }

    private static void header(ByteBuf out, ByteBuf query, boolean recursion, int rcode) {
        int start = query.readerIndex();
        int asked = query.readableBytes() < 4 ? 0 : query.getUnsignedShort(start + 2);
        out.setShort(0, query.readableBytes() < 2 ? 0 : DnsMessage.id(query));
        out.setShort(2, 0x8000 | asked & 0x7900 | (recursion ? 0x80 : 0) | rcode);
    }

    private static void address(ByteBuf out, Address a) {
        byte[] bytes = a.address().getAddress();
        out.writeShort(bytes.length == 4 ? DnsMessage.TYPE_A : DnsMessage.TYPE_AAAA);
        out.writeShort(DnsMessage.CLASS_IN)
                .writeInt((int) a.ttl())
                .writeShort(bytes.length)
                .writeBytes(bytes);
    }

    private static int length(String name) {
        return name.length() + 2;
    }

    private static void name(ByteBuf out, String name) {
        for (String label : name.split("\\.", -1)) {
            byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
            out.writeByte(bytes.length).writeBytes(bytes);
        }
        out.writeByte(0);
    }
}
