package dev.mishap.proxy.dns.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetAddress;
import java.util.List;

/** Answers that are made here. The caller owns what it gets. */
public final class DnsReply {
    /** Time to live of an address that a fault puts in the place of the right one, in seconds. */
    public static final long WRONG_ADDRESS_TTL = 60;

    /** The UDP payload that such an answer announces (RFC 6891): it passes any network unfragmented. */
    private static final int PAYLOAD = 1232;
    /** A name as a pointer to that of the question. */
    private static final int TO_QUESTION = 0xc000 | DnsMessage.HEADER;

    private DnsReply() {}

    /** To a message whose header alone can be read. */
    public static ByteBuf header(ByteBufAllocator alloc, ByteBuf query, int rcode) {
        ByteBuf reply = alloc.ioBuffer(DnsMessage.HEADER);
        head(reply, query, rcode, 0);
        return reply.writeLong(0);
    }

    /** No record, and {@code rcode}. */
    public static ByteBuf empty(ByteBufAllocator alloc, ByteBuf query, int questionEnd, int rcode) {
        return addresses(alloc, query, questionEnd, rcode, List.of(), 0);
    }

    /** No record, and TC: the client is to ask over TCP. */
    public static ByteBuf truncated(ByteBufAllocator alloc, ByteBuf query, int questionEnd) {
        return addresses(alloc, query, questionEnd, DnsMessage.TC, List.of(), 0);
    }

    /** Those of {@code addresses} that are of the question's type. */
    public static ByteBuf addresses(
            ByteBufAllocator alloc, ByteBuf query, int questionEnd, List<InetAddress> addresses, long ttl) {
        return addresses(alloc, query, questionEnd, DnsMessage.NOERROR, addresses, ttl);
    }

    private static ByteBuf addresses(
            ByteBufAllocator alloc, ByteBuf query, int questionEnd, int flags, List<InetAddress> addresses, long ttl) {
        int start = query.readerIndex();
        int type = query.getUnsignedShort(start + questionEnd - 4);
        int length = type == DnsMessage.TYPE_A ? 4 : type == DnsMessage.TYPE_AAAA ? 16 : 0;
        ByteBuf reply = alloc.ioBuffer(questionEnd + 11 + addresses.size() * (12 + length));
        head(reply, query, flags, 1);
        reply.writeShort(0).writeShort(0).writeShort(0);
        reply.writeBytes(query, start + DnsMessage.HEADER, questionEnd - DnsMessage.HEADER);
        int answers = 0;
        for (InetAddress address : addresses) {
            byte[] bytes = address.getAddress();
            if (bytes.length == length) {
                reply.writeShort(TO_QUESTION).writeShort(type).writeShort(DnsMessage.CLASS_IN);
                reply.writeInt((int) ttl).writeShort(length).writeBytes(bytes);
                answers++;
            }
        }
        reply.setShort(reply.readerIndex() + 6, answers);
        long[] edns = {-1};
        DnsMessage.eachRecord(query, (m, fixed, t) -> {
            if (t == DnsMessage.TYPE_OPT) {
                edns[0] = m.getUnsignedInt(m.readerIndex() + fixed + 4);
            }
        });
        if (edns[0] >= 0) {
            reply.setShort(reply.readerIndex() + 10, 1);
            reply.writeByte(0).writeShort(DnsMessage.TYPE_OPT).writeShort(PAYLOAD);
            reply.writeInt((int) edns[0] & DnsMessage.DO).writeShort(0);
        }
        return reply;
    }

    private static void head(ByteBuf reply, ByteBuf query, int flags, int questions) {
        int asked = DnsMessage.flags(query);
        reply.writeShort(DnsMessage.id(query));
        reply.writeShort(
                DnsMessage.QR | asked & (DnsMessage.OPCODE | DnsMessage.RD | DnsMessage.CD) | DnsMessage.RA | flags);
        if (questions > 0) {
            reply.writeShort(questions);
        }
    }
}
