package dev.mishap.control.report;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a report tells beside the run's own result.
 *
 * @param command that reproduces the run
 * @param faults one line per fault, as a person reads it
 * @param environment versions and machine, by name
 * @param notes facts that whoever started the run adds, such as what the demo's services counted themselves
 */
public record ReportContext(String command, List<String> faults, Map<String, String> environment, List<String> notes) {
    public ReportContext {
        faults = List.copyOf(faults);
        environment = new TreeMap<>(environment);
        notes = List.copyOf(notes);
    }
}
