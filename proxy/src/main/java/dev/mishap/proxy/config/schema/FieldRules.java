package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The validation rules of one field ({@code validate.FieldRules}), decoded from the wire format. Bounds of integers and enums
 * are longs, of durations nanoseconds, of floating point numbers doubles. Immutable once decoded.
 */
final class FieldRules {
    static final int FLOAT = 1;
    static final int DOUBLE = 2;
    static final int STRING = 14;
    static final int BYTES = 15;
    static final int ENUM = 16;
    static final int REPEATED = 18;
    static final int MAP = 19;
    static final int ANY = 20;
    static final int DURATION = 21;
    static final int TIMESTAMP = 22;

    /** Which rules these are: the number of the member of FieldRules' oneof, or 0 when there is only the message part. */
    int type;

    boolean messageRequired;
    boolean messageSkip;

    @Nullable
    Number constant;

    @Nullable
    Number lt;

    @Nullable
    Number lte;

    @Nullable
    Number gt;

    @Nullable
    Number gte;

    final List<Object> in = new ArrayList<>(0);
    final List<Object> notIn = new ArrayList<>(0);
    boolean ignoreEmpty;

    /** Of an Any, a Duration or a Timestamp. */
    boolean required;

    boolean definedOnly;

    long len = -1;
    long minLen = -1;
    long maxLen = -1;
    long lenBytes = -1;
    long minBytes = -1;
    long maxBytes = -1;

    @Nullable
    String constantText;

    @Nullable
    String pattern;

    @Nullable
    String prefix;

    @Nullable
    String suffix;

    @Nullable
    String contains;

    @Nullable
    String notContains;
    /** The number of the well-known format among StringRules' fields, 24 for a regex, or 0. */
    int format;
    /** 1 = header name, 2 = header value. */
    long knownRegex;

    boolean strict = true;

    long minItems = -1;
    long maxItems = -1;
    boolean unique;

    @Nullable
    FieldRules items;

    @Nullable
    FieldRules keys;

    @Nullable
    FieldRules values;

    static FieldRules decode(byte[] data, int at, int length) {
        return decode(new WireReader(data, at, at + length));
    }

    private static FieldRules decode(WireReader in) {
        FieldRules rules = new FieldRules();
        while (in.hasMore()) {
            int field = in.tag() >>> 3;
            WireReader body = in.sub();
            if (field == 17) {
                rules.readMessage(body);
            } else {
                rules.type = field;
                while (body.hasMore()) {
                    rules.readRule(body, body.tag());
                }
            }
        }
        return rules;
    }

    private void readMessage(WireReader in) {
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag >>> 3 == 1) {
                messageSkip = in.varint() != 0;
            } else if (tag >>> 3 == 2) {
                messageRequired = in.varint() != 0;
            } else {
                in.skip(tag);
            }
        }
    }

    private void readRule(WireReader in, int tag) {
        switch (type) {
            case STRING:
                readString(in, tag);
                break;
            case BYTES:
                readBytes(in, tag);
                break;
            case ENUM:
                readEnum(in, tag);
                break;
            case REPEATED:
                readRepeated(in, tag);
                break;
            case MAP:
                readMap(in, tag);
                break;
            case ANY:
                readAny(in, tag);
                break;
            case DURATION:
            case TIMESTAMP:
                readTime(in, tag);
                break;
            default:
                readNumber(in, tag);
        }
    }

    private void readNumber(WireReader in, int tag) {
        int field = tag >>> 3;
        if (field == 8) {
            ignoreEmpty = in.varint() != 0;
            return;
        }
        if (field > 8) {
            in.skip(tag);
            return;
        }
        if (field >= 6 && (tag & 7) == WireReader.BYTES) {
            WireReader packed = in.sub();
            while (packed.hasMore()) {
                (field == 6 ? this.in : notIn).add(number(packed));
            }
            return;
        }
        setBound(field, number(in));
    }

    private Number number(WireReader in) {
        switch (type) {
            case FLOAT:
                return (double) Float.intBitsToFloat(in.fixed32());
            case DOUBLE:
                return Double.longBitsToDouble(in.fixed64());
            case 7:
            case 8: {
                long v = in.varint();
                return v >>> 1 ^ -(v & 1);
            }
            case 9:
                return in.fixed32() & 0xffffffffL;
            case 11:
                return (long) in.fixed32();
            case 10:
            case 12:
                return in.fixed64();
            default:
                return in.varint();
        }
    }

    private void setBound(int field, Number value) {
        switch (field) {
            case 1:
                constant = value;
                break;
            case 2:
                lt = value;
                break;
            case 3:
                lte = value;
                break;
            case 4:
                gt = value;
                break;
            case 5:
                gte = value;
                break;
            case 6:
                in.add(value);
                break;
            default:
                notIn.add(value);
        }
    }

    private void readTime(WireReader in, int tag) {
        int field = tag >>> 3;
        if (field == 1) {
            required = in.varint() != 0;
        } else if (field <= 8 && (tag & 7) == WireReader.BYTES) {
            setBound(field - 1, TimeValue.read(in.sub()).nanosSaturated());
        } else {
            in.skip(tag);
        }
    }

    private void readString(WireReader in, int tag) {
        switch (tag >>> 3) {
            case 1:
                constantText = in.utf8();
                break;
            case 2:
                minLen = in.varint();
                break;
            case 3:
                maxLen = in.varint();
                break;
            case 4:
                minBytes = in.varint();
                break;
            case 5:
                maxBytes = in.varint();
                break;
            case 6:
                pattern = in.utf8();
                break;
            case 7:
                prefix = in.utf8();
                break;
            case 8:
                suffix = in.utf8();
                break;
            case 9:
                contains = in.utf8();
                break;
            case 10:
                this.in.add(in.utf8());
                break;
            case 11:
                notIn.add(in.utf8());
                break;
            case 19:
                len = in.varint();
                break;
            case 20:
                lenBytes = in.varint();
                break;
            case 23:
                notContains = in.utf8();
                break;
            case 24:
                format = 24;
                knownRegex = in.varint();
                break;
            case 25:
                strict = in.varint() != 0;
                break;
            case 26:
                ignoreEmpty = in.varint() != 0;
                break;
            default:
                format = tag >>> 3;
                in.skip(tag);
        }
    }

    private void readBytes(WireReader in, int tag) {
        switch (tag >>> 3) {
            case 1:
                constantText = in.latin1();
                break;
            case 2:
                minBytes = in.varint();
                break;
            case 3:
                maxBytes = in.varint();
                break;
            case 4:
                pattern = in.utf8();
                break;
            case 5:
                prefix = in.latin1();
                break;
            case 6:
                suffix = in.latin1();
                break;
            case 7:
                contains = in.latin1();
                break;
            case 8:
                this.in.add(in.latin1());
                break;
            case 9:
                notIn.add(in.latin1());
                break;
            case 13:
                lenBytes = in.varint();
                break;
            case 14:
                ignoreEmpty = in.varint() != 0;
                break;
            default:
                in.skip(tag);
        }
    }

    private void readEnum(WireReader in, int tag) {
        int field = tag >>> 3;
        if (field == 2) {
            definedOnly = in.varint() != 0;
        } else if ((tag & 7) == WireReader.BYTES) {
            WireReader packed = in.sub();
            while (packed.hasMore()) {
                (field == 3 ? this.in : notIn).add(packed.varint());
            }
        } else {
            setBound(field == 1 ? 1 : field + 3, in.varint());
        }
    }

    private void readRepeated(WireReader in, int tag) {
        switch (tag >>> 3) {
            case 1:
                minItems = in.varint();
                break;
            case 2:
                maxItems = in.varint();
                break;
            case 3:
                unique = in.varint() != 0;
                break;
            case 4:
                items = decode(in.sub());
                break;
            case 5:
                ignoreEmpty = in.varint() != 0;
                break;
            default:
                in.skip(tag);
        }
    }

    private void readMap(WireReader in, int tag) {
        switch (tag >>> 3) {
            case 1:
                minItems = in.varint();
                break;
            case 2:
                maxItems = in.varint();
                break;
            case 4:
                keys = decode(in.sub());
                break;
            case 5:
                values = decode(in.sub());
                break;
            case 6:
                ignoreEmpty = in.varint() != 0;
                break;
            default:
                in.skip(tag);
        }
    }

    private void readAny(WireReader in, int tag) {
        switch (tag >>> 3) {
            case 1:
                required = in.varint() != 0;
                break;
            case 2:
                this.in.add(in.utf8());
                break;
            case 3:
                notIn.add(in.utf8());
                break;
            default:
                in.skip(tag);
        }
    }
}
