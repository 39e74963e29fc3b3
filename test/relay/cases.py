"""The keeper's rules one by one, in virtual time:  python3 cases.py RELAY  prints one line of JSON per case."""
import json
import os
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from simulate import ANSWER, ESC, QUERY, load, open_raw_pty, read_all

RELAY = load(sys.argv[1])
PREFIXES = [b'\x1b[38;5;200m', b'\x1b[?2004h', b'\x1b]0;a title\x07', b'\x1b]8;;http://x/\x1b\\', b'\x1bP1;2|abc\nd\x1b\\', b'\x1b_app\x1b\\',
            b'\x1b^pm\x1b\\', b'\x1bXsos\x1b\\', b'\x1bktitle\x1b\\', b'\x1b(0', b'\x1b#8', b'\xc3\xa9', b'\xe2\x82\xac', b'\xf0\x9f\x90\x9f']


def same(actual, expected):
    if actual != expected:
        raise AssertionError('expected %r, got %r' % (expected, actual))


def new_keeper(interval=10, max_idle=10 ** 6, **more):
    return RELAY.Keeper(interval, max_idle, 0.0, **more)


def asked_keeper(**more):
    """A keeper with one query outstanding since 10."""
    keeper = new_keeper(**more)
    same(keeper.beat(10.0), QUERY)
    return keeper


def every_prefix_keeps_a_heartbeat_out_until_a_second_of_silence():
    for whole in PREFIXES:
        for cut in range(1, len(whole) + 1):
            keeper = new_keeper()
            keeper.saw_output(b'text' + whole[:cut], 9.5)
            is_whole = cut == len(whole)
            same(keeper.beat(10.0), QUERY if is_whole else b'')
            if not is_whole:
                same(keeper.wake(10.0, True), 10.5)
                same(keeper.beat(10.49), b'')
                same(keeper.beat(10.5), QUERY)


def a_sequence_split_over_reads_is_still_one():
    for whole in PREFIXES:
        for cut in range(1, len(whole)):
            keeper = new_keeper()
            for at in range(cut):
                keeper.saw_output(whole[at:at + 1], 9.9)
            same(keeper.beat(10.0), b'')
            keeper.saw_output(whole[cut:], 10.1)
            same(keeper.beat(10.1), QUERY)


def a_string_longer_than_what_is_remembered_keeps_a_heartbeat_out():
    keeper = new_keeper()
    keeper.saw_output(b'\x1bPq', 9.0)
    for _ in range(9):
        keeper.saw_output(b'0123456789abcdef' * 64, 9.9)
    same(keeper.beat(10.0), b'')
    keeper.saw_output(b'\x1b\\', 10.1)
    same(keeper.beat(10.1), QUERY)


def output_without_end_inside_a_string_postpones_by_one_interval_at_most():
    keeper = new_keeper()
    keeper.saw_output(b'\x1b]0;', 1.0)
    for tenth in range(100, 200):
        keeper.saw_output(b'yes\n', tenth / 10.0)
        same(keeper.beat(tenth / 10.0), b'')
    same(keeper.beat(20.0), QUERY)


def a_flood_of_plain_text_never_postpones():
    keeper = new_keeper()
    for _ in range(10):
        keeper.saw_output(b'y\n' * 2048, 9.99)
    same(keeper.beat(10.0), QUERY)


def output_alone_postpones_nothing_and_input_does():
    keeper = new_keeper()
    keeper.saw_output(b'x', 9.0)
    same(keeper.due(), 10.0)
    keeper.filter_input(b'k', 4.0)
    same(keeper.due(), 14.0)


def nothing_is_held_while_nothing_is_outstanding():
    keeper = new_keeper()
    for piece in (ESC, b'[', b'0', b'n', b'\x1b[0'):
        same(keeper.filter_input(piece, 1.0), piece)


def a_lone_escape_waits_250_ms_and_no_longer():
    keeper = asked_keeper()
    same(keeper.filter_input(ESC, 11.0), b'')
    same(keeper.wake(11.0, True), 11.25)
    same(keeper.release_held(11.24), b'')
    same(keeper.release_held(11.25), ESC)
    same(keeper.release_held(12.0), b'')


def escape_and_bracket_wait_one_second_and_a_zero_ten():
    for prefix, hold in ((b'\x1b[', 1.0), (b'\x1b[0', 10.0)):
        keeper = asked_keeper()
        same(keeper.filter_input(prefix, 11.0), b'')
        same(keeper.release_held(11.0 + hold - 0.01), b'')
        same(keeper.release_held(11.0 + hold), prefix)


def any_other_byte_frees_what_was_held_at_once():
    for prefix in (ESC, b'\x1b[', b'\x1b[0'):
        keeper = asked_keeper()
        keeper.filter_input(prefix, 11.0)
        same(keeper.filter_input(b'x', 11.01), prefix + b'x')


def an_answer_that_is_minutes_late_is_removed():
    keeper = asked_keeper()
    keeper.filter_input(b'typed', 100.0)
    same(keeper.filter_input(ANSWER, 2000.0), b'')


def two_answers_in_one_read_are_two():
    keeper = asked_keeper()
    same(keeper.beat(20.0), QUERY)
    same(keeper.filter_input(b'a' + ANSWER + b'b' + ANSWER + b'c' + ANSWER, 21.0), b'abc' + ANSWER)


def somebody_on_a_slow_line_is_given_longer_to_answer():
    keeper = asked_keeper()
    same(keeper.proof_time(11.0), 3.0)          # nobody knows yet
    keeper.filter_input(ANSWER, 10.05)
    same(keeper.proof_time(11.0), 0.8)
    keeper.saw_output(b'text', 11.0)
    same(keeper.proof_time(11.5), 3.0)          # the question is behind the output
    same(keeper.beat(30.0), QUERY)
    keeper.filter_input(ANSWER, 31.25)
    same(keeper.proof_time(32.0), 5.0)
    same(keeper.beat(50.0), QUERY)
    keeper.filter_input(ANSWER, 500.0)
    same(keeper.proof_time(501.0), 6.0)
    # Of two that are out, nobody knows which one this is.
    same(keeper.beat(510.0) + keeper.beat(520.0), QUERY * 2)
    keeper.filter_input(ANSWER, 520.0)
    same(keeper.proof_time(521.0), 6.0)


EIGHT_BIT = (b'\x9b0n', b'\xc2\x9b0n')


def an_answer_with_an_8_bit_control_is_removed_wherever_it_is_split():
    for answer in EIGHT_BIT:
        for before, after in ((b'', b''), (b'a', b'b'), (b'\xc3\xa9', b'\xc8\x9b'), (b'\xf0\x9f\x90\x9f', b'0n'), (ESC, b''), (answer, b'k')):
            whole = before + answer + after
            for first in range(len(whole) + 1):
                for second in range(first, len(whole) + 1):
                    keeper = asked_keeper()
                    keeper.outstanding = 2 if before == answer else 1
                    got = b''.join(keeper.filter_input(part, 11.0) for part in (whole[:first], whole[first:second], whole[second:]) if part)
                    same((whole, first, second, got + keeper.release_held(30.0)), (whole, first, second, before.replace(answer, b'') + after))
                    same((keeper.outstanding, keeper.leaked), (0, 0))


def a_letter_with_an_8_bit_control_in_it_passes_wherever_it_is_split():
    for text in (b'\xc8\x9b0n', b'\xe2\x9b\x940n', b'\xe2\x82\x9b0n', b'\xf0\x9f\x9b\xb00n', b'\xf0\x9b\x9b\x9b0n', b'\xc2\xa30n'):
        for first in range(len(text) + 1):
            for second in range(first, len(text) + 1):
                for typed in (b'', b'k', b'\xc3\xa9'):
                    keeper = asked_keeper()
                    if typed:
                        same(keeper.filter_input(typed, 10.5), typed)
                    got = b''.join(keeper.filter_input(part, 11.0) for part in (text[:first], text[first:second], text[second:]) if part)
                    same((text, first, second, got + keeper.release_held(30.0)), (text, first, second, text))
                    same(keeper.outstanding, 1)


def a_letter_with_an_8_bit_control_in_it_waits_for_nothing():
    keeper = asked_keeper()
    for byte in (b'\xc8', b'\x9b', b'0', b'n', b'\xe2', b'\x82', b'\x9b', b'k'):
        same(keeper.filter_input(byte, 11.0), byte)


def an_8_bit_answer_that_nobody_here_asked_for_passes_and_settles_a_claim():
    for answer in EIGHT_BIT:
        keeper = new_keeper()
        for at in range(len(answer)):
            same(keeper.filter_input(answer[at:at + 1], 1.0), answer[at:at + 1])
        keeper = asked_keeper()
        keeper.saw_output(QUERY, 10.5)
        same(keeper.filter_input(answer, 10.6), answer)
        same(keeper.filter_input(ANSWER, 10.7), b'')


def a_record_needs_no_folder_where_the_kernel_has_files_without_one():
    real = os.open

    def refuse(path, *more):
        if str(path).startswith(('/dev/shm', '/tmp')):
            raise OSError(30, 'read-only')
        return real(path, *more)
    os.open = refuse
    try:
        fd = RELAY.Witness.open_record()
    finally:
        os.open = real
    if not hasattr(os, 'memfd_create'):
        same(fd, None)
    else:
        assert os.readlink('/proc/self/fd/%d' % fd).startswith('/memfd:ssm-keepalive-')
        os.close(fd)


def a_typed_escape_just_before_an_answer_stays():
    for cut in range(6):
        keeper = asked_keeper()
        whole = ESC + ANSWER
        same(keeper.filter_input(whole[:cut], 11.0) + keeper.filter_input(whole[cut:], 11.1), ESC)


def an_answer_inside_a_bracketed_paste_is_removed():
    keeper = asked_keeper()
    same(keeper.filter_input(b'\x1b[200~one ' + ANSWER + b'two\x1b[201~', 11.0), b'\x1b[200~one two\x1b[201~')


def a_program_that_asked_within_two_seconds_is_served_first():
    keeper = asked_keeper()
    keeper.saw_output(b'\x1b[', 10.5)
    keeper.saw_output(b'5n', 10.5)
    same(keeper.filter_input(ANSWER, 11.0), ANSWER)
    same(keeper.filter_input(ANSWER, 11.1), b'')


def a_claim_expires_after_two_seconds_and_ours_does_not():
    keeper = asked_keeper()
    keeper.saw_output(QUERY, 10.5)
    same(keeper.filter_input(ANSWER, 13.0), b'')
    same(keeper.filter_input(ANSWER, 13.1), ANSWER)


def a_question_inside_a_string_claims_nothing():
    for text in (b'\x1b]0;' + QUERY + b'\x07', b'\x1bP' + QUERY + QUERY + b'\x1b\\', b'\x1bPtmux;\x1b' + QUERY + b'\x1b\\'):
        keeper = asked_keeper()
        keeper.saw_output(text, 10.5)
        same(keeper.filter_input(ANSWER, 10.6), b'')
    keeper = asked_keeper()
    keeper.saw_output(b'\x1b]0;title\x07' + QUERY, 10.5)
    same(keeper.filter_input(ANSWER, 10.6), ANSWER)


def LEAK_a_gap_above_the_hold_after_escape_lets_one_answer_through_and_counts_it():
    keeper = asked_keeper()
    same(keeper.filter_input(ESC, 11.0), b'')
    same(keeper.release_held(11.3), ESC)
    same(keeper.filter_input(b'[', 11.4), b'[')
    same(keeper.filter_input(b'0n', 11.5), b'0n')
    same((keeper.leaked, keeper.outstanding), (1, 0))
    same(keeper.filter_input(ANSWER, 11.6), ANSWER)


def a_screen_frozen_for_half_an_hour_with_keys_pressed_gets_no_fifth_question():
    keeper, now = new_keeper(interval=45), 0.0
    sent = []
    while now < 1800.0:
        now += 50.0
        sent.append(keeper.beat(now))
        if int(now) % 100 == 0:
            keeper.filter_input(b'k', now + 1)
    same(sent.count(QUERY), 4)
    same(keeper.filter_input(ANSWER * 4 + b'k', now + 2), b'k')
    same(keeper.beat(now + 60), QUERY)


def four_lost_answers_are_given_up_after_an_hour_with_somebody_there():
    keeper = new_keeper(interval=45)
    beats = [keeper.beat(50.0 * beat) for beat in range(1, 41)]
    same(beats.count(QUERY), 4)
    keeper.filter_input(b'k', 2001.0)
    same(keeper.beat(2100.0), b'\0')
    last = [keeper.beat(6000.0 + 50 * beat) for beat in range(20)]
    assert QUERY in last


def nobody_answers_so_nul_goes_out_and_every_tenth_asks_again_up_to_four():
    events = []
    keeper = new_keeper(report=events.append)
    sent = [keeper.beat(10.0 * beat) for beat in range(1, 60)]
    same(sent[:14], [QUERY] * 3 + [b'\0'] * 9 + [QUERY, b'\0'])
    same(sent.count(QUERY), 4)
    same(events.count('not-answering'), 1)
    same(keeper.state(), 'not-answering')
    same(keeper.filter_input(ANSWER * 4 + b'k', 700.0), b'k')
    same(keeper.state(), 'answering')
    same(keeper.beat(710.0), QUERY)


def one_lost_answer_a_minute_never_silences_the_keeper():
    keeper, now = new_keeper(interval=45), 0.0
    for beat in range(200):
        now = keeper.due()
        same(keeper.beat(now), QUERY)
        if beat % 2:
            same(keeper.filter_input(ANSWER, now + 0.2), b'')
    assert keeper.outstanding <= 4


def escape_and_a_bracket_by_hand_do_not_hide_the_keys_after_them():
    for begin in (b'\x1b]', b'\x1bP', b'\x1b_'):
        keeper = new_keeper()
        keeper.filter_input(begin, 5.0)
        same((begin, keeper.last_key), (begin, 0.0))
        keeper.filter_input(b'j', 7.0)
        same((begin, keeper.last_key), (begin, 7.0))


def heartbeats_stop_at_max_idle_and_the_next_key_resumes_them():
    events = []
    keeper = new_keeper(max_idle=25, report=events.append)
    for now in (10.0, 20.1):
        same(keeper.beat(now), QUERY)
        same(keeper.filter_input(ANSWER, now + 0.1), b'')
    same((keeper.beat(31.0), keeper.beat(99.0), keeper.wake(99.0, True)), (b'', b'', None))
    same((events.count('cap'), keeper.state()), (1, 'capped'))
    same(keeper.filter_input(b'k', 100.0), b'k')
    same((keeper.beat(109.0), keeper.beat(110.0)), (b'', QUERY))


def a_key_counts_as_a_person_and_a_report_by_the_terminal_does_not():
    reports = [b'\x1b[I', b'\x1b[O', b'\x1b[12;4R', b'\x1b[?62;4c', b'\x1b[>0;1;2c', b'\x1b[0n', b'\x1b[8;24;80t', b'\x1b[?2026;2$y',
               b'\x1b]11;rgb:0/0/0\x07', b'\x1b]11;rgb:0/0/0\x1b\\', b'\x1bP>|xterm\x1b\\', b'\x1b[?1u', b'\x1b[I\x1b[O']
    keys = [b'a', b'\r', b'\x1b[A', b'\x1bOP', b'\x1b[<0;3;4M', b'\x1b[M !!', b'\x1b[200~x\x1b[201~', b'\x1bb', b'\x1bk', b'\x1bX', b'\x1b^', b'\x1b[97;5u', b'\xc3\xa9', b'\x1b[Ix']
    for texts, expected in ((reports, 0.0), (keys, 5.0)):
        for text in texts:
            keeper = new_keeper()
            keeper.filter_input(text, 5.0)
            same((text, keeper.last_key), (text, expected))
            keeper = new_keeper()
            for at in range(len(text)):
                keeper.filter_input(text[at:at + 1], 5.0)
            same((text, keeper.last_key), (text, expected))


def the_smaller_of_the_limit_and_the_administrators_wins():
    for cap, expected in ((15, b''), (100, QUERY), (None, QUERY), (0, b'')):
        keeper = new_keeper(max_idle=50, read_cap=lambda: cap)
        keeper.filter_input(b'k', 0.0)
        keeper.beat(10.0)
        keeper.filter_input(ANSWER, 10.1)
        same((cap, keeper.beat(20.2)), (cap, expected))


def only_a_file_that_root_alone_can_write_is_a_limit():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, 'max-idle')
    is_root = os.getuid() == 0
    same(RELAY.read_cap(path), None)
    for text, mode, owner, expected in (('3600\n', 0o644, 0, 3600), ('3600', 0o600, 0, 3600), ('8h\n', 0o644, 0, 0), ('', 0o644, 0, 0),
                                        ('60 # a minute\n', 0o644, 0, 60), ('60\r\n# note', 0o644, 0, 60), ('\n60', 0o644, 0, 0),
                                        ('5', 0o664, 0, None), ('5', 0o646, 0, None), ('5', 0o644, 1234, None)):
        with open(path, 'w') as cap:
            cap.write(text)
        os.chmod(path, mode)
        if is_root:
            os.chown(path, owner, 0)
        same((text, mode, owner, RELAY.read_cap(path)), (text, mode, owner, expected if is_root else None))
        os.unlink(path)
    os.mkfifo(path)
    same(RELAY.read_cap(path), None)
    os.unlink(path)
    os.symlink(folder, path)
    same(RELAY.read_cap(path), None)
    os.unlink(path)
    os.rmdir(folder)


def a_clock_that_jumps_by_hours_brings_one_heartbeat():
    keeper = new_keeper()
    same(keeper.beat(30000.0), QUERY)
    same(keeper.beat(30000.1), b'')
    keeper.filter_input(b'\x1b[0', 30001.0)
    same(keeper.release_held(90000.0), b'\x1b[0')


class Stop(BaseException):
    pass


def pump_with(keeper, steps):
    """Runs a pump whose every wait() first does the next step; returns what program and client read."""
    (terminal, outer), (inner, program) = open_raw_pty(), open_raw_pty()
    steps = list(steps)
    got = {'program': b'', 'terminal': b''}
    now = [0.0]

    def wait(readers, writers, seconds):
        got['program'] += read_all(program)
        got['terminal'] += read_all(terminal)
        readable, writable, _ = RELAY.select.select(readers, writers, [], 0)
        if readable or writable:
            return readable, writable
        if not steps:
            raise Stop()
        time, fd, data = steps.pop(0)
        now[0] = time
        if data:
            os.write({'terminal': terminal, 'program': program}[fd], data)
        return RELAY.select.select(readers, writers, [], 0)[:2]

    RELAY.wait, RELAY.clock = wait, lambda: now[0]
    pump = RELAY.Pump(outer, inner, keeper)
    try:
        pump.run()
    except Stop:
        pass
    finally:
        for fd in (terminal, outer, inner, program):
            os.close(fd)
    return pump, got


def a_fault_in_any_part_of_the_keeper_leaves_a_plain_pump():
    def fail(*_):
        raise KeyError('a fault put in on purpose')
    for name in ('filter_input', 'saw_output', 'beat', 'release_held', 'alarm', 'is_ours', 'is_typed', 'read_cap'):
        keeper = asked_keeper()
        setattr(keeper, name, fail)
        pump, got = pump_with(keeper, [(11.0, 'program', b'out'), (11.0, 'terminal', b'one'), (30.0, 'terminal', ESC), (31.0, 'terminal', b'two'),
                                       (31.0, 'terminal', ANSWER), (60.0, 'program', b'put'), (70.0, 'terminal', b'three')])
        if name != 'is_ours':
            same((name, got['program'].replace(ANSWER, b'')), (name, b'one\x1btwothree'))
        same((name, got['terminal'].replace(QUERY, b'')), (name, b'output'))
        same((name, pump.keeper), (name, None))


def every_byte_value_passes_both_ways():
    every = bytes(bytearray(range(256)))
    pump, got = pump_with(new_keeper(), [(1.0, 'terminal', every), (1.0, 'program', every)])
    same((got['program'], got['terminal']), (every, every))


def main():
    failures = 0
    for name, case in sorted(globals().items()):
        if case.__class__.__name__ != 'function' or '_' not in name or case.__module__ != '__main__' or name in (
                'asked_keeper', 'new_keeper', 'pump_with'):
            continue
        try:
            case()
            why = ''
        except Exception:
            failures += 1
            why = traceback.format_exc()
        print(json.dumps({'name': name.replace('_', ' '), 'why': why}))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
