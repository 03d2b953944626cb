package dev.mishap.control.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Follows a chain and finds where it breaks; of the store or of an exported file. Confined to one thread. */
public final class AuditVerifier implements Consumer<AuditEntry> {
    private static final int MAX = 100;

    private final List<String> problems = new ArrayList<>();
    private long sequence;
    private String hash;

    /** Of an export, which may begin anywhere: its first entry is taken as it is. */
    public AuditVerifier() {
        this(new AuditChainer.Head(-1, AuditEntry.NONE));
    }

    /** @param start the entry before the first one */
    AuditVerifier(AuditChainer.Head start) {
        sequence = start.sequence();
        hash = start.hash();
    }

    @Override
    public void accept(AuditEntry entry) {
        if (sequence < 0) {
            sequence = entry.sequence() - 1;
            hash = entry.previous();
        }
        if (entry.sequence() != sequence + 1) {
            add("after entry " + sequence + " comes " + entry.sequence());
        }
        if (!entry.previous().equals(hash)) {
            add("entry " + entry.sequence() + " does not follow the one before");
        }
        if (!entry.intact()) {
            add("entry " + entry.sequence() + " was changed");
        }
        sequence = entry.sequence();
        hash = entry.hash();
    }

    /** The chain may be longer than the head said when it was read, not shorter. */
    void requireHead(AuditChainer.Head head) {
        if (sequence < head.sequence() || sequence == head.sequence() && !hash.equals(head.hash())) {
            add("the head is entry " + head.sequence() + ", the last one found is " + sequence);
        }
    }

    private void add(String problem) {
        if (problems.size() < MAX) {
            problems.add(problem);
        }
    }

    public List<String> problems() {
        return List.copyOf(problems);
    }
}
