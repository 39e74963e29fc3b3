"""The keeper's rules one by one, in virtual time:  python3 cases.py RELAY  prints one line of JSON per case."""
import json
import os
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from simulate import ANSWER, ESC, QUERY, load, open_raw_pty, read_all

RELAY = load(sys.argv[1])
NEVER = float('inf')
STRINGS = (b'\x1bP', b'\x1b]', b'\x1b_', b'\x1b^')
PREFIXES = [b'\x1b[38;5;200m', b'\x1b[?2004h', b'\x1b]0;a title\x07', b'\x1b]8;;http://x/\x1b\\', b'\x1bP1;2|abc\nd\x1b\\', b'\x1b_app\x1b\\',
            b'\x1b^pm\x1b\\', b'\x1b]52;c;QUJD\x07', b'\x1bPq#0~\x18', b'\x1bXsos\x1b\\', b'\x1bktitle\x1b\\', b'\x1b(0', b'\x1b#8', b'\xc3\xa9', b'\xe2\x82\xac', b'\xf0\x9f\x90\x9f']


def same(actual, expected):
    if actual != expected:
        raise AssertionError('expected %r, got %r' % (expected, actual))


def beat(keeper, now):
    return keeper.turn(True, now)[1]


def release(keeper, now):
    return keeper.turn(False, now)[0]


def probed_keeper(interval=10, max_idle=10 ** 6, **more):
    """A keeper at its session's start: one query, no answer yet."""
    keeper = RELAY.Keeper(interval, max_idle, 0.0, **more)
    keeper.resized((24, 80), 0.0)
    same(keeper.ask(0.0), QUERY)
    return keeper


def new_keeper(interval=10, max_idle=10 ** 6, **more):
    """A keeper whose terminal answered the probe long ago, with nothing since 0."""
    keeper = RELAY.Keeper(interval, max_idle, 0.0, **more)
    keeper.ask(-100.0)
    same(keeper.typed(ANSWER, -99.0), b'')
    keeper.last_input = keeper.last_ask = keeper.last_key = 0.0
    keeper.sent = keeper.answered = 1
    return keeper


def asked_keeper(**more):
    """A keeper with one query outstanding since 10."""
    keeper = new_keeper(**more)
    same(beat(keeper, 10.0), QUERY)
    return keeper


def every_prefix_keeps_a_heartbeat_out():
    """Until a second of silence; inside a string for as long as the string is open."""
    for whole in PREFIXES:
        for cut in range(1, len(whole) + 1):
            keeper = new_keeper()
            keeper.printed(b'text' + whole[:cut], 9.5)
            is_whole = cut == len(whole)
            is_string = whole[:2] in STRINGS and cut > 1
            same((whole, cut, beat(keeper, 10.0)), (whole, cut, QUERY if is_whole else b''))
            if is_string and not is_whole:
                same(keeper.next(True, 10.0), NEVER)
                same(beat(keeper, 9999.0), b'')
                keeper.printed(whole[cut:], 10000.0)
                same(beat(keeper, 10000.0), QUERY)
            elif not is_whole:
                same(keeper.next(True, 10.0), 10.5)
                same(beat(keeper, 10.49), b'')
                same(beat(keeper, 10.5), QUERY)


def a_sequence_split_over_reads_is_still_one():
    for whole in PREFIXES:
        for cut in range(1, len(whole)):
            keeper = new_keeper()
            for at in range(cut):
                keeper.printed(whole[at:at + 1], 9.9)
            same(beat(keeper, 10.0), b'')
            keeper.printed(whole[cut:], 10.1)
            same(beat(keeper, 10.1), QUERY)


def nothing_goes_inside_a_string_however_long_it_is():
    """tmux -CC is one string for as long as it lasts; its lines hold no ESC."""
    for opener, filler, closer in ((b'\x1bPq', b'#0~~@@vv@@~~$-', b'\x1b\\'), (b'\x1b]52;c;', b'QUJD' * 9, b'\x07'), (b'\x1b_G', b'abcd=,;', b'\x18'),
                                   (b'\x1bP1000p', b'%output %1 \\033[5n\r\n', b'\x1b\\'), (b'\x1b^', b'privacy\n', b'\x1a')):
        for size in (1, 700, 300000):
            keeper = new_keeper()
            keeper.printed(opener, 9.0)
            for at in range(0, size, 4000):
                keeper.printed((filler * 4000)[:min(4000, size - at)], 9.9)
            for now in (10.0, 20.0, 21.1, 99999.0):
                same((opener, size, now, beat(keeper, now)), (opener, size, now, b''))
            keeper.printed(closer[:1], 99999.0)
            keeper.printed(closer[1:], 99999.0)
            same((opener, size, beat(keeper, 99999.1)), (opener, size, QUERY))


def output_without_end_inside_a_sequence_postpones_by_one_interval_at_most():
    keeper = new_keeper()
    keeper.printed(b'\x1b[', 1.0)
    for tenth in range(100, 200):
        keeper.printed(b'1;', tenth / 10.0)
        same(beat(keeper, tenth / 10.0), b'')
    same(beat(keeper, 20.0), QUERY)


def an_8_bit_control_postpones_by_one_second_at_most():
    for control in (b'\x9b38;5', b'\xc2\x9b38', b'\x90q#0', b'\xc2\x90q', b'\x9d0;t', b'\xc2\x9d', b'\xc2\x9f', b'caf\xe9 '):
        keeper = new_keeper()
        for tenth in range(100, 110):
            keeper.printed(control, tenth / 10.0)
            same((control, tenth, beat(keeper, tenth / 10.0)), (control, tenth, b''))
        same((control, beat(keeper, 11.0)), (control, QUERY))
    keeper = new_keeper()
    keeper.printed(u'\u043f\u0440\u0438\u0432\u0435\u0442 \u4f60\u597d \u20ac \u2500\u2500'.encode('utf-8') * 20 + b'\x1b[m$ ', 9.99)
    same(beat(keeper, 10.0), QUERY)


def a_query_inside_a_sequence_ends_the_sequence_for_the_relay_too():
    keeper = new_keeper()
    keeper.printed(b'\x1b[5', 9.0)
    same(beat(keeper, 10.0), QUERY)
    keeper.printed(b'n', 10.1)                     # no question: a letter
    same(keeper.typed(ANSWER, 10.2), b'')


def time_grows_with_the_bytes_and_not_faster():
    """Steps of the interpreter, counted: a clock would say more of the machine."""
    import cProfile, pstats
    for pattern in (b'\x1b\x1b[5n', b'\xc2\x90q', b'\xc2\x9b', b'\x1b', b'\x1bP', b'\x1bP\x1b', b'\x1b]0;\x07', b'\x9b0n', b'\x1bPtmux;\x1b\x1b[5n'):
        calls = []
        for size in (20000, 80000):
            data = (pattern * size)[:size]
            keeper = new_keeper()
            profile = cProfile.Profile()
            profile.enable()
            for at in range(0, size, 4096):
                keeper.printed(data[at:at + 4096], 9.0)
                keeper.next(True, 11.0)
                keeper.typed(data[at:at + 4096], 9.0)
            profile.disable()
            calls.append(sum(entry.callcount for entry in profile.getstats()))
        assert calls[1] < 5 * calls[0], (pattern, calls)


def a_flood_of_plain_text_never_postpones():
    keeper = new_keeper()
    for _ in range(10):
        keeper.printed(b'y\n' * 2048, 9.99)
    same(beat(keeper, 10.0), QUERY)


def output_alone_postpones_nothing_and_input_does():
    keeper = new_keeper()
    keeper.printed(b'x', 9.0)
    same(keeper.next(True, 9.0), 10.0)
    keeper.typed(b'k', 9.5)
    same(keeper.next(True, 9.5), 19.5)


def nothing_is_held_while_nothing_is_outstanding():
    keeper = new_keeper()
    for piece in (ESC, b'[', b'0', b'n', b'\x1b[0'):
        same(keeper.typed(piece, 1.0), piece)


def a_lone_escape_waits_250_ms_and_no_longer():
    keeper = asked_keeper()
    same(keeper.typed(ESC, 11.0), b'')
    same(keeper.next(True, 11.0), 11.25)
    same(release(keeper, 11.24), b'')
    same(release(keeper, 11.25), ESC)
    same(release(keeper, 12.0), b'')


def escape_and_bracket_wait_one_second_and_a_zero_ten():
    for prefix, hold in ((b'\x1b[', 1.0), (b'\x1b[0', 10.0)):
        keeper = asked_keeper()
        same(keeper.typed(prefix, 11.0), b'')
        same(release(keeper, 11.0 + hold - 0.01), b'')
        same(release(keeper, 11.0 + hold), prefix)


def any_other_byte_frees_what_was_held_at_once():
    for prefix in (ESC, b'\x1b[', b'\x1b[0'):
        keeper = asked_keeper()
        keeper.typed(prefix, 11.0)
        same(keeper.typed(b'x', 11.01), prefix + b'x')


def an_answer_that_is_minutes_late_is_removed():
    keeper = asked_keeper()
    keeper.typed(b'typed', 100.0)
    same(keeper.typed(ANSWER, 2000.0), b'')


def two_answers_in_one_read_are_two():
    keeper = asked_keeper()
    same(beat(keeper, 20.0), QUERY)
    same(keeper.typed(b'a' + ANSWER + b'b' + ANSWER + b'c', 21.0), b'abc')
    same((keeper.in_flight, keeper.leaked), (0, 0))
    same(keeper.typed(ANSWER, 23.0), ANSWER)


def a_terminal_that_answers_twice_is_heard_once():
    for form in FORMS:
        keeper = asked_keeper()
        same(keeper.typed(form + b'k' + form, 11.0), b'k')
        same(keeper.typed(form, 11.1), form)       # three times: nobody asked
        keeper = asked_keeper()
        for now in (20.0, 30.0, 40.0):
            same(beat(keeper, now), QUERY)
        same(keeper.typed(form * 8, 400.0), b'')    # a laptop that slept, of that kind
        same((keeper.in_flight, keeper.leaked, keeper.last_key), (0, 0, 0.0))
    # A program that asked, and waits longer than is usual, gets its answer all the same.
    keeper = asked_keeper()
    keeper.printed(QUERY, 10.5)
    same(keeper.typed(ANSWER, 13.0), b'')
    same(keeper.typed(ANSWER, 13.1), ANSWER)


FORMS = (b'\x1b[0n', b'\x9b0n', b'\xc2\x9b0n', b'\x1b0n')


def hterms_answer_is_removed_whole_split_or_glued_and_is_no_key():
    for before, after in ((b'', b''), (b'a', b'b'), (ESC, b''), (b'\x1b0n', b'')):
        whole = before + b'\x1b0n' + after
        for first in range(len(whole) + 1):
            for second in range(first, len(whole) + 1):
                keeper = asked_keeper()
                keeper.in_flight = 2 if before == b'\x1b0n' else 1
                got = b''.join(keeper.typed(part, 11.0) for part in (whole[:first], whole[first:second], whole[second:]) if part)
                same((whole, first, second, got + release(keeper, 30.0)), (whole, first, second, before.replace(b'\x1b0n', b'') + after))
                same((keeper.in_flight, keeper.leaked), (0, 0))
                if not before + after:
                    same(keeper.last_key, 0.0)
    # Alt-0, by hand, is passed on after a moment.
    keeper = asked_keeper()
    same(keeper.typed(b'\x1b0', 11.0), b'')
    same(release(keeper, 11.25), b'\x1b0')


def an_answer_in_four_messages_is_removed_in_every_form_and_late():
    for form in FORMS:
        for count in (1, 4):
            for start in (11.0, 40000.0):
                keeper = asked_keeper()
                for beats in range(1, count):
                    same(beat(keeper, 10.0 + 10 * beats), QUERY)
                now, got = max(start, 10.0 * count + 1), b''
                for byte in form * count:
                    now += 0.2
                    got += release(keeper, now) + keeper.typed(byte if isinstance(byte, bytes) else bytes(bytearray([byte])), now)
                same((form, count, start, got + release(keeper, now + 99), keeper.leaked), (form, count, start, b'', 0))


def a_laptop_that_slept_answers_four_at_once_and_vim_reads_none():
    keeper = new_keeper(interval=45)
    asked = [beat(keeper, 50.0 * count) for count in range(1, 400)]
    same((asked.count(QUERY), keeper.next(True, 20000.0)), (4, NEVER))
    same(keeper.state(), 'not-answering')
    keeper.printed(b'\x1b[?1049h\x1b[2J', 20000.0)   # vim has started meanwhile
    same(keeper.typed(b'\x1b[I' + ANSWER * 4 + b'i', 20001.0), b'\x1b[Ii')
    same((keeper.in_flight, keeper.state()), (0, 'answering'))
    same((beat(keeper, 20045.9), beat(keeper, 20046.0)), (b'', QUERY))


def a_lone_escape_is_quick_once_no_answer_can_come():
    keeper = asked_keeper()
    same(keeper.typed(ESC, 39.9), b'')                 # the query is young
    same(release(keeper, 50.0), ESC)
    same(keeper.typed(ESC, 51.0), ESC)                 # the query is old, and the line is awake
    keeper = asked_keeper()
    same(keeper.typed(ESC, 4000.0), b'')               # the first byte after a sleep: answers may follow
    same(release(keeper, 4000.25), ESC)
    same(keeper.typed(ESC, 4003.0), ESC)
    keeper = probed_keeper()                           # a terminal that never answers
    keeper.typed(b'vim x\r', 5.0)
    same(keeper.typed(ESC, 30.1), ESC)
    same(new_keeper().typed(ESC, 1.0), ESC)


def a_client_that_never_answers_gets_one_query_and_no_more():
    keeper = probed_keeper()
    for now in range(1, 5000):
        keeper.printed(b'result=42\r\n' if now % 7 else b'\x1b[31mred\x1b[m', float(now))
        if now % 100 == 0:
            same(keeper.typed(b'echo x\r', float(now)), b'echo x\r')
        same((keeper.turn(True, float(now)), keeper.next(True, float(now))), ((b'', b''), NEVER))
    same((keeper.state(), keeper.sent), ('no-answer', 1))


def a_client_that_answers_after_minutes_is_kept_from_then_on():
    keeper = probed_keeper()
    same(beat(keeper, 600.0), b'')
    same(keeper.typed(b'x' + ANSWER, 601.0), b'x')
    same((keeper.state(), beat(keeper, 610.9), beat(keeper, 611.0)), ('answering', b'', QUERY))


def a_new_size_asks_again_at_the_start_of_a_line():
    keeper = RELAY.Keeper(10, 10 ** 6, 0.0)
    keeper.resized((0, 0), 0.0)                        # as the agent makes the terminal, until its client speaks
    same(keeper.ask(0.0), QUERY)
    keeper.resized((50, 132), 1.0)
    same((beat(keeper, 999.0), keeper.next(True, 999.0)), (b'', NEVER))
    keeper = probed_keeper()
    keeper.resized((0, 0), 40.0)
    keeper.resized((100, 300), 41.0)                   # what clients without a terminal say
    keeper.resized((100, 300), 42.0)
    same((beat(keeper, 999.0), keeper.next(True, 999.0)), (b'', NEVER))
    keeper.resized((50, 132), 1000.0)
    keeper.resized((50, 132), 1000.0)                  # any other signal
    keeper.printed(b'$ ', 1000.0)
    same((beat(keeper, 1002.0), keeper.next(True, 1002.0)), (b'', NEVER))
    keeper.printed(b'\r\n', 1003.0)
    same((beat(keeper, 1003.9), keeper.next(True, 1003.9)), (b'', 1004.0))
    same((beat(keeper, 1004.0), beat(keeper, 9999.0)), (QUERY, b''))
    # Once in 30 s and five times a session; never more than four that can still be answered.
    sent, keeper = [], probed_keeper()
    for now in range(1, 2000):
        keeper.resized((24, 80 + now), float(now))
        if now % 10 == 0:
            keeper.typed(b'k', float(now))
        if beat(keeper, float(now)):
            sent.append(now)
    same((len(sent), min(after - before for before, after in zip([0] + sent, sent)) >= 30), (5, True))
    keeper = probed_keeper()
    sent = 0
    for now in range(1, 2000):
        keeper.resized((24, 80 + now), float(now))
        sent += beat(keeper, float(now)) == QUERY
    same(sent, 3)


def told_to_ask_now_it_asks_whoever_has_answered_before():
    keeper = new_keeper()
    keeper.is_urgent = True
    same((beat(keeper, 1.0), beat(keeper, 1.1)), (QUERY, b''))
    # What comes right after an answer is its twin, at a terminal that answers twice, and no answer to this.
    keeper = asked_keeper()
    same(keeper.typed(ANSWER, 10.5), b'')
    keeper.is_urgent = True
    same((beat(keeper, 10.6), beat(keeper, 11.5)), (b'', QUERY))
    keeper = probed_keeper()
    keeper.is_urgent = True
    same(beat(keeper, 1.0), b'')


def an_answerback_after_an_enquiry_is_no_key():
    keeper = new_keeper()
    keeper.printed(b'\x05', 5.0)
    same((keeper.typed(b'PuTTY', 5.5), keeper.last_key), (b'PuTTY', 0.0))
    same((keeper.typed(b'k', 6.1), keeper.last_key), (b'k', 6.1))


EIGHT_BIT = (b'\x9b0n', b'\xc2\x9b0n')


def an_answer_with_an_8_bit_control_is_removed_wherever_it_is_split():
    for answer in EIGHT_BIT:
        for before, after in ((b'', b''), (b'a', b'b'), (b'\xc3\xa9', b'\xc8\x9b'), (b'\xf0\x9f\x90\x9f', b'0n'), (ESC, b''), (answer, b'k')):
            whole = before + answer + after
            for first in range(len(whole) + 1):
                for second in range(first, len(whole) + 1):
                    keeper = asked_keeper()
                    keeper.in_flight = 2 if before == answer else 1
                    got = b''.join(keeper.typed(part, 11.0) for part in (whole[:first], whole[first:second], whole[second:]) if part)
                    same((whole, first, second, got + release(keeper, 30.0)), (whole, first, second, before.replace(answer, b'') + after))
                    same((keeper.in_flight, keeper.leaked), (0, 0))


def a_letter_with_an_8_bit_control_in_it_passes_wherever_it_is_split():
    for text in (b'\xc8\x9b0n', b'\xe2\x9b\x940n', b'\xe2\x82\x9b0n', b'\xf0\x9f\x9b\xb00n', b'\xf0\x9b\x9b\x9b0n', b'\xc2\xa30n'):
        for first in range(len(text) + 1):
            for second in range(first, len(text) + 1):
                for typed in (b'', b'k', b'\xc3\xa9'):
                    keeper = asked_keeper()
                    if typed:
                        same(keeper.typed(typed, 10.5), typed)
                    got = b''.join(keeper.typed(part, 11.0) for part in (text[:first], text[first:second], text[second:]) if part)
                    same((text, first, second, got + release(keeper, 30.0)), (text, first, second, text))
                    same(keeper.in_flight, 1)


def a_letter_with_an_8_bit_control_in_it_waits_for_nothing():
    keeper = asked_keeper()
    for byte in (b'\xc8', b'\x9b', b'0', b'n', b'\xe2', b'\x82', b'\x9b', b'k'):
        same(keeper.typed(byte, 11.0), byte)


def an_8_bit_answer_that_nobody_here_asked_for_passes_and_settles_a_claim():
    for answer in EIGHT_BIT:
        keeper = new_keeper()
        for at in range(len(answer)):
            same(keeper.typed(answer[at:at + 1], 1.0), answer[at:at + 1])
        keeper = asked_keeper()
        keeper.printed(QUERY, 10.5)
        same(keeper.typed(answer, 10.6), answer)
        same(keeper.typed(ANSWER, 10.7), b'')


def a_record_needs_no_folder_where_the_kernel_has_files_without_one():
    real = os.open

    def refuse(path, *more):
        if str(path).startswith(('/dev/shm', '/tmp')):
            raise OSError(30, 'read-only')
        return real(path, *more)
    os.open = refuse
    try:
        fd = RELAY.Record.open()
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
        same(keeper.typed(whole[:cut], 11.0) + keeper.typed(whole[cut:], 11.1), ESC)


def an_answer_inside_a_bracketed_paste_is_removed():
    keeper = asked_keeper()
    same(keeper.typed(b'\x1b[200~one ' + ANSWER + b'two\x1b[201~', 11.0), b'\x1b[200~one two\x1b[201~')


def a_program_that_asked_within_two_seconds_is_served_first():
    keeper = asked_keeper()
    keeper.printed(b'\x1b[', 10.5)
    keeper.printed(b'5n', 10.5)
    same(keeper.typed(ANSWER, 11.0), ANSWER)
    same(keeper.typed(ANSWER, 11.1), b'')


def a_claim_expires_after_two_seconds_and_ours_does_not():
    keeper = asked_keeper()
    keeper.printed(QUERY, 10.5)
    same(keeper.typed(ANSWER, 13.0), b'')
    same(keeper.typed(ANSWER, 13.1), ANSWER)


def a_question_inside_a_string_claims_nothing():
    for text in (b'\x1b]0;' + QUERY + b'\x07', b'\x1bP' + QUERY + QUERY + b'\x1b\\', b'\x1bPtmux;\x1b' + QUERY + b'\x1b\\'):
        keeper = asked_keeper()
        keeper.printed(text, 10.5)
        same(keeper.typed(ANSWER, 10.6), b'')
    keeper = asked_keeper()
    keeper.printed(b'\x1b]0;title\x07' + QUERY, 10.5)
    same(keeper.typed(ANSWER, 10.6), ANSWER)


def LEAK_a_gap_above_the_hold_after_escape_lets_one_answer_through_and_counts_it():
    keeper = asked_keeper()
    same(keeper.typed(ESC, 11.0), b'')
    same(release(keeper, 11.3), ESC)
    same(keeper.typed(b'[', 11.4), b'[')
    same(keeper.typed(b'0n', 11.5), b'0n')
    same((keeper.leaked, keeper.in_flight), (1, 0))
    same(keeper.typed(ANSWER, 11.6), ANSWER)


def a_screen_frozen_for_half_an_hour_with_keys_pressed_leaks_nothing_when_it_goes_on():
    keeper, now = new_keeper(interval=45), 0.0
    sent = []
    while now < 1800.0:
        now += 50.0
        sent.append(beat(keeper, now))
        if int(now) % 100 == 0:
            keeper.typed(b'k', now + 1)
    asked = sent.count(QUERY)
    assert asked <= 8, asked
    same(keeper.typed(ANSWER * asked + b'k', now + 2), b'k')
    same(beat(keeper, now + 60), QUERY)


def four_lost_answers_are_given_up_30_s_after_a_byte_and_removed_all_the_same():
    keeper = new_keeper(interval=45)
    beats = [beat(keeper, 50.0 * turn) for turn in range(1, 41)]
    same((beats.count(QUERY), keeper.next(True, 2000.0)), (4, NEVER))
    keeper.typed(b'k', 2001.0)
    same((beat(keeper, 2030.9), beat(keeper, 2045.9), beat(keeper, 2046.0)), (b'', b'', QUERY))
    same((keeper.in_flight, keeper.late), (1, 4))
    same(keeper.typed(ANSWER * 5, 2047.0), b'')
    same(keeper.typed(b'x', 2050.0) + keeper.typed(ANSWER, 2060.0), b'x' + ANSWER)
    # Nothing at all came of it: the next time that takes an hour.
    keeper = new_keeper(interval=45)
    sent = []
    for now in range(1, 4 * 3600):
        if now % 100 == 0:
            keeper.typed(b'k', float(now))
        if beat(keeper, float(now)):
            sent.append(now)
    assert 5 <= len([now for now in sent if now < 3600]) <= 8, sent
    assert sent[-1] > 3600, sent


def one_lost_answer_a_minute_never_silences_the_keeper():
    keeper, now = new_keeper(interval=45), 0.0
    for turn in range(200):
        now = max(now + 0.1, keeper.next(True, now))
        same((turn, beat(keeper, now)), (turn, QUERY))
        if turn % 2:
            same(keeper.typed(ANSWER, now + 0.2), b'')
            now += 0.2
    assert keeper.in_flight <= 4 and keeper.late <= 4


def escape_and_a_bracket_by_hand_do_not_hide_the_keys_after_them():
    for begin in (b'\x1b]', b'\x1bP', b'\x1b_'):
        keeper = new_keeper()
        keeper.typed(begin, 5.0)
        same((begin, keeper.last_key), (begin, 0.0))
        keeper.typed(b'j', 7.0)
        same((begin, keeper.last_key), (begin, 7.0))


def heartbeats_stop_at_max_idle_and_the_next_key_resumes_them():
    for form in FORMS:                                 # no answer is a key
        keeper = new_keeper(max_idle=25)
        for now in (10.0, 20.1):
            same(beat(keeper, now), QUERY)
            same(keeper.typed(form, now + 0.1), b'')
        keeper.news = ''
        same((beat(keeper, 31.0), keeper.news, beat(keeper, 99.0), keeper.next(True, 99.0)), (b'', 'cap', b'', NEVER))
        same(keeper.state(), 'capped')
        same(keeper.typed(b'k', 100.0), b'k')
        same((beat(keeper, 109.0), beat(keeper, 110.0)), (b'', QUERY))


def a_key_counts_as_a_person_and_a_report_by_the_terminal_does_not():
    reports = [b'\x1b[I', b'\x1b[O', b'\x1b[12;4R', b'\x1b[?62;4c', b'\x1b[>0;1;2c', b'\x1b[0n', b'\x1b[8;24;80t', b'\x1b[?2026;2$y',
               b'\x9b12;4R', b'\xc2\x9b12;4R', b'\x9b?62c', b'\x9d11;rgb:0/0/0\x9c', b'\xc2\x9d11;rgb:0/0/0\xc2\x9c', b'\x90>|xterm\x9c', b'\x1b0n',
               b'\x1b]11;rgb:0/0/0\x07', b'\x1b]11;rgb:0/0/0\x1b\\', b'\x1bP>|xterm\x1b\\', b'\x1b[?1u', b'\x1b[I\x1b[O',
               b'\x1b[2;1;1;128;128;1;0x', b'\x1b[1;1;1;1;1"w', b'\x1b[0;1m']
    keys = [b'a', b'\r', b'\x1b[A', b'\x1bOP', b'\x1b[<0;3;4M', b'\x1b[M !!', b'\x1b[200~x\x1b[201~', b'\x1bb', b'\x1bk', b'\x1bX', b'\x1b^', b'\x1b[97;5u', b'\xc3\xa9', b'\xc2\xa3', b'\x1b0x', b'\x1b[Ix', b'\x1b[x', b'\x1b[<0;3;4m']
    for texts, expected in ((reports, 0.0), (keys, 5.0)):
        for text in texts:
            keeper = new_keeper()
            keeper.typed(text, 5.0)
            same((text, keeper.last_key), (text, expected))
            keeper = new_keeper()
            for at in range(len(text)):
                keeper.typed(text[at:at + 1], 5.0)
            same((text, keeper.last_key), (text, expected))


def the_smaller_of_the_limit_and_the_administrators_wins():
    for cap, expected in ((15, b''), (100, QUERY), (None, QUERY), (0, b'')):
        keeper = new_keeper(max_idle=50, read_cap=lambda: cap)
        keeper.typed(b'k', 0.0)
        beat(keeper, 10.0)
        keeper.typed(ANSWER, 10.1)
        same((cap, beat(keeper, 20.2)), (cap, expected))


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
    # Whatever keeps it from being read, one of too many open files among them.
    same((RELAY.read_cap(path), RELAY.read_cap(path + 'x' * 300), RELAY.read_cap('/dev/null/max-idle')), (None, 0, None))
    os.mkfifo(path)
    same(RELAY.read_cap(path), None)
    os.unlink(path)
    os.symlink(folder, path)
    same(RELAY.read_cap(path), None)
    os.unlink(path)
    os.rmdir(folder)


def a_clock_that_jumps_by_hours_brings_one_heartbeat():
    keeper = new_keeper()
    same(beat(keeper, 30000.0), QUERY)
    same(beat(keeper, 30000.1), b'')
    keeper.typed(b'\x1b[0', 30001.0)
    same(release(keeper, 90000.0), b'\x1b[0')


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
        while pump.round() is None:
            pass
    except Stop:
        pass
    finally:
        for fd in (terminal, outer, inner, program):
            os.close(fd)
    return pump, got


def a_dead_parent_is_noticed_while_output_waits():
    (terminal, outer), (inner, program) = open_raw_pty(), open_raw_pty()
    pump = RELAY.Pump(outer, inner, None)
    pump.parent = -1
    pump.to_outer = b'x'
    os.write(terminal, b'k')
    same((pump.move([outer], [outer], 0.0), os.read(outer, 1)), (False, b'k'))   # the key is the next reader's
    for fd in (terminal, outer, inner, program):
        os.close(fd)


def a_fault_in_any_part_of_the_keeper_leaves_a_plain_pump():
    def fail(*_):
        raise KeyError('a fault put in on purpose')
    for name in ('typed', 'printed', 'turn', 'next', 'beat', 'release', 'due', 'is_ours', 'may_be_ours', 'note_keys', 'read_cap', 'ask'):
        keeper = asked_keeper()
        setattr(keeper, name, fail)
        pump, got = pump_with(keeper, [(11.0, 'program', b'out'), (11.0, 'terminal', b'one'), (30.0, 'terminal', ESC), (31.0, 'terminal', b'two'),
                                       (31.0, 'terminal', ANSWER), (60.0, 'program', b'put'), (70.0, 'terminal', b'three'), (71.0, 'terminal', b'\x1bx')])
        if name != 'is_ours':
            same((name, got['program'].replace(ANSWER, b'')), (name, b'one\x1btwothree\x1bx'))
        same((name, got['terminal'].replace(QUERY, b'')), (name, b'output'))
        same((name, pump.keeper, pump.has_fault), (name, None, True))


class Quiet(object):
    """Stands for the pump and the keeper of a session that has ended."""
    sent = answered = leaked = in_flight = 0
    last_ask = -100.0

    def __getattr__(self, name):
        return lambda *_: b''


def loggers_that_hang_hold_the_end_of_a_session_up_for_two_seconds_together():
    hung = []

    def log(event, text):
        pid = os.fork()
        if pid == 0:
            time.sleep(600)
        hung.append(pid)
        session.children.append(pid)
    now = [0.0]
    RELAY.wait, RELAY.clock = lambda readers, writers, seconds: now.__setitem__(0, now[0] + seconds), lambda: now[0]
    session = RELAY.Session(RELAY.parse([]))
    session.outer = session.ringer = os.open('/dev/null', os.O_WRONLY)
    session.modes, session.status = [0] * 6 + [[b'\0'] * 32], 0
    session.pump = session.keeper = Quiet()
    session.log, session.keep, session.note = log, lambda: 'ended', lambda is_due: None
    session.take_ahead = session.look_at_size = lambda: b''
    try:
        session.run()
        same((len(hung), round(now[0], 1)), (2, 2.0))
    finally:
        for pid in hung:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        os.close(session.ringer)


def what_came_before_the_relay_was_ready_starts_the_wrappers_three_seconds():
    """What drives a session writes at once and never says its size: an unseen client would wait for 10 s."""
    clocked = RELAY.wait, RELAY.clock
    now, started = [0.0], []

    def wait(readers, writers, seconds):
        now[0] += seconds
        return [], []
    for ahead, seconds in ((b'stty -echo\n', 3.0), (b'', 10.0)):
        now[0], RELAY.wait, RELAY.clock = 0.0, wait, lambda: now[0]
        session = RELAY.Session(RELAY.parse([]))
        session.outer = session.bell = session.ringer = os.open('/dev/null', os.O_RDWR)
        session.modes, session.status = [0] * 6 + [[b'\0'] * 32], 0
        session.pump = session.keeper = Quiet()
        session.keeper.size = (0, 0)
        session.wrapper = RELAY.Wrapper('tmux.sh', 'kim-0123456789abcdef0', {})
        session.keep, session.linger, session.note, session.log = lambda: 'ended', lambda: None, lambda is_due: None, lambda event, text: None
        session.take_ahead, session.look_at_size = lambda: ahead, lambda: b''
        session.start = lambda: started.append(now[0])
        try:
            session.run()
            same(started.pop(), seconds)
        finally:
            RELAY.wait, RELAY.clock = clocked
            os.close(session.outer)


def every_byte_value_passes_both_ways():
    every = bytes(bytearray(range(256)))
    pump, got = pump_with(new_keeper(), [(1.0, 'terminal', every), (1.0, 'program', every)])
    same((got['program'], got['terminal']), (every, every))


def main():
    failures = 0
    for name, case in sorted(globals().items()):
        if case.__class__.__name__ != 'function' or '_' not in name or case.__module__ != '__main__' or name in (
                'asked_keeper', 'new_keeper', 'probed_keeper', 'pump_with'):
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
