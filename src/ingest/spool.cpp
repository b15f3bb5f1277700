#include "spool.hpp"

#include "falconer/mailbox.hpp"
#include "spool_record.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <random>
#include <sstream>
#include <utility>

namespace falconer::ingest {
namespace {

constexpr auto        progress_file = "progress";
constexpr std::size_t pops_per_note = 64;

std::uint64_t random_salt() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

utc_time receipt_of(const ingest_record& record) {
    return std::visit(
        overloaded{
            [](const falco_event& e) { return e.received; },
            [](const quarantined_body& q) { return q.received; },
            [](const event_tally& t) { return t.minute; },
        },
        record
    );
}

std::optional<utc_time> oldest_of(const record_batch& batch) {
    std::optional<utc_time> oldest;
    for (const auto& record : batch.records)
        oldest = std::min(oldest.value_or(utc_time::max()), receipt_of(record));
    return oldest;
}

/// Where the replay had come to: everything before it is done. A lost or damaged note only means
/// that some batches are stored twice over, which the store recognises.
struct progress {
    std::uint64_t sequence = 0;
    std::uint64_t offset   = 0;

    std::string text() const {
        const auto line = std::to_string(sequence) + ' ' + std::to_string(offset);
        return line + ' ' + std::to_string(std::hash<std::string>{}(line)) + '\n';
    }
    static progress parse(const std::string& text) {
        progress           found;
        std::istringstream in(text);
        in >> found.sequence >> found.offset;
        return found.text() == text ? found : progress{};
    }
};

}  // namespace

struct disk_spool::opened {
    std::vector<std::pair<segment_ptr, segment_survey>> segments{};
    progress                                            done{};
};

/// Runs `work` on the helper thread, and waits. A caller who is cancelled leaves the work to
/// itself.
template <class Work>
auto disk_spool::on_the_thread(Work work) -> task<decltype(work())> {
    using value = decltype(work());
    auto reply  = std::make_shared<one_shot<value>>(loop_);
    asio::post(thread_, [work = std::move(work), reply, loop = loop_]() mutable {
        asio::post(loop, [reply, got = std::make_shared<value>(work())] {
            reply->set(std::move(*got));
        });
    });
    co_return co_await reply->get();
}

disk_spool::disk_spool(
    asio::any_io_executor loop, time_source& time, options opt, std::shared_ptr<spool_folder> folder
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), folder_(std::move(folder)) {
    status_.capacity = opt_.capacity;
}

disk_spool::~disk_spool() {
    thread_.join();
}

task<result<std::unique_ptr<disk_spool>>> disk_spool::open(
    asio::any_io_executor loop, time_source& time, options opt
) {
    auto folder = open_spool_folder(opt.directory, spool_access::exclusive);
    if (!folder) co_return std::move(folder).error();
    co_return co_await open_on(std::move(loop), time, std::move(opt), std::move(*folder));
}

task<result<std::unique_ptr<disk_spool>>> disk_spool::open_on(
    asio::any_io_executor loop, time_source& time, options opt, std::unique_ptr<spool_folder> folder
) {
    std::unique_ptr<disk_spool> made(
        new disk_spool(std::move(loop), time, std::move(opt), std::move(folder))
    );

    auto read_all = [files = made->folder_]() -> result<opened> {
        auto listed = files->list();
        if (!listed) return std::move(listed).error();
        std::sort(listed->begin(), listed->end(), [](const auto& a, const auto& b) {
            return a.name < b.name;
        });
        opened all;
        for (const auto& entry : *listed) {
            if (entry.name == progress_file) {
                auto file = files->open(entry.name);
                if (!file) continue;
                auto text = (*file)->read(0, 256);
                if (text) all.done = progress::parse(*text);
            }
            const auto name = segment_name::parse(entry.name);
            if (!name) continue;
            auto file = files->open(entry.name);
            if (!file) return std::move(file).error();
            auto bytes = (*file)->read(0, entry.size);
            if (!bytes) return std::move(bytes).error();
            auto here  = std::make_shared<segment>();
            here->name = *name;
            here->file = std::move(*file);
            here->size = here->reserved = bytes->size();
            all.segments.emplace_back(std::move(here), survey(*name, *bytes));
        }
        return all;
    };
    auto all = co_await made->on_the_thread(std::move(read_all));
    if (!all)
        co_return std::move(all).error().while_doing(
            "reading the spool " + made->opt_.directory.string()
        );

    for (auto& [here, found] : all->segments) {
        made->next_sequence_ = std::max(made->next_sequence_, here->name.sequence + 1);
        for (const auto& where : found.gaps) made->lost(*here, where);
        if (found.torn > 0)
            log_of("spool").info(
                "a write had not been finished; it was never acknowledged segment={} offset={} "
                "bytes={}",
                here->name.file(), here->size - found.torn, found.torn
            );
        for (const auto& each : found.frames) {
            const bool done =
                here->name.sequence < all->done.sequence ||
                (here->name.sequence == all->done.sequence && each.offset < all->done.offset);
            if (done) continue;
            here->frames.push_back(each);
            made->status_.pending += each.records;
        }
        made->status_.bytes += here->size;
        made->segments_.push_back(std::move(here));
    }
    made->forget_done_segments();
    if (made->status_.pending > 0)
        log_of("spool").info(
            "records wait to be replayed records={} bytes={}", made->status_.pending,
            made->status_.bytes
        );
    co_return std::move(made);
}

// --- appending ----------------------------------------------------------------------------------

/// The segment that takes the next frame. A new one is made by whoever writes to it first.
disk_spool::segment_ptr disk_spool::segment_for(std::size_t bytes) {
    if (!segments_.empty()) {
        const auto& last = segments_.back();
        if (last->writable && last->reserved + bytes <= opt_.segment_bytes) return last;
        last->writable = false;
    }
    auto young      = std::make_shared<segment>();
    young->name     = {next_sequence_++, random_salt()};
    young->writable = true;
    segments_.push_back(young);
    return young;
}

task<result<void>> disk_spool::append(const record_batch& batch) {
    const auto payload = encode_batch(batch);
    const auto size    = payload.size() + frame::header_size;
    if (payload.size() > frame::largest)
        co_return failure{errc::too_large, "a batch larger than a frame of the spool"};
    std::uint64_t under_way = 0;
    for (const auto& each : segments_) under_way += each->reserved - each->size;
    if (status_.bytes + under_way + size > opt_.capacity)
        co_return failure{errc::too_large, "the spool is full"};

    auto        where = segment_for(size);
    const frame what{
        .offset  = where->reserved,
        .size    = static_cast<std::uint32_t>(payload.size()),
        .records = static_cast<std::uint32_t>(batch.records.size())
    };
    auto bytes       = make_frame(where->name, what.offset, what.records, payload);
    where->reserved += bytes.size();
    ++where->under_way;
    if (!oldest_) oldest_ = oldest_of(batch);

    auto write = [files = folder_, where, what, bytes = std::move(bytes)]() -> result<void> {
        if (!where->file) {
            if (what.offset > 0) return failure{errc::unavailable, "the segment could not be made"};
            auto made = files->create(where->name.file());
            if (!made) return std::move(made).error();
            where->file = std::move(*made);
        }
        if (auto done = where->file->write(what.offset, bytes); !done) return done;
        return where->file->sync();
    };
    // What becomes of it is noted whether or not anybody waits for it.
    auto reply = std::make_shared<one_shot<result<void>>>(loop_);
    asio::post(
        thread_,
        [this, where, what, reply, write = std::move(write),
         failed = std::shared_ptr<bool>(where, &where->broken)]() mutable {
            result<void> how;
            if (*failed)
                how = failure{errc::unavailable, "an earlier write to this segment failed"};
            else
                how = write();
            *failed = !how;
            asio::post(
                loop_,
                [this, where, what, reply, how = std::make_shared<result<void>>(std::move(how))] {
                    kept(where, what, *how);
                    reply->set(std::move(*how));
                }
            );
        }
    );
    co_return co_await reply->get();
}

void disk_spool::kept(const segment_ptr& in, frame what, const result<void>& how) {
    --in->under_way;
    if (how) {
        in->frames.push_back(what);
        status_.pending += what.records;
        status_.bytes   += what.end() - in->size;
        in->size         = what.end();
        return;
    }
    in->writable = false;
    ++status_.failed_writes;
    if (const auto held = gate_.open(time_.now()))
        log_of("spool").error(
            "the disk refuses; nothing of this write was acknowledged, its segment is given up "
            "segment={} reason=\"{}\" suppressed={}",
            in->name.file(), how.error().detail, *held
        );
    if (in->under_way > 0) return;
    in->reserved = in->size;
    // Best effort: what is left of the write is at worst a batch stored though nobody was told so.
    asio::post(thread_, [in, size = in->size] {
        if (in->file) static_cast<void>(in->file->truncate(size));
    });
    forget_done_segments();
}

// --- replaying ----------------------------------------------------------------------------------

void disk_spool::lost(const segment& in, const gap& where) {
    status_.damaged += where.records;
    log_of("spool").error(
        "damaged: records are lost segment={} offset={} bytes={} records={}", in.name.file(),
        where.offset, where.size, where.records
    );
}

task<result<std::optional<record_batch>>> disk_spool::front() {
    for (;;) {
        const auto at = std::find_if(segments_.begin(), segments_.end(), [](const auto& s) {
            return !s->frames.empty();
        });
        if (at == segments_.end()) {
            oldest_.reset();
            co_return std::nullopt;
        }
        const auto where = *at;
        const auto what  = where->frames.front();
        auto       read  = [where, what] {
            return where->file->read(what.offset, frame::header_size + what.size);
        };
        auto bytes = co_await on_the_thread(std::move(read));
        if (!bytes) co_return std::move(bytes).error();

        const auto here = read_frame(where->name, what.offset, *bytes);
        if (here.what == frame_reading::state::intact) {
            auto batch = decode_batch(here.payload);
            if (batch) {
                oldest_ = oldest_of(*batch);
                co_return std::move(*batch);
            }
        }
        if (where->frames.empty() || where->frames.front().offset != what.offset)
            continue;  // popped meanwhile
        lost(*where, {what.offset, frame::header_size + what.size, what.records});
        where->frames.pop_front();
        status_.pending -= what.records;
        forget_done_segments();
    }
}

task<result<void>> disk_spool::pop() {
    const auto at = std::find_if(segments_.begin(), segments_.end(), [](const auto& s) {
        return !s->frames.empty();
    });
    if (at == segments_.end()) co_return result<void>{};
    status_.pending -= (*at)->frames.front().records;
    (*at)->frames.pop_front();
    if (status_.pending == 0) oldest_.reset();
    forget_done_segments();
    if (++pops_ >= pops_per_note) co_await note_progress();
    co_return result<void>{};
}

void disk_spool::forget_done_segments() {
    while (!segments_.empty()) {
        const auto first = segments_.front();
        const bool last  = segments_.size() == 1 && first->writable;
        if (!first->frames.empty() || first->under_way > 0) return;
        // The one that is being written to goes too when all of it is done: an empty spool is
        // empty.
        if (last && first->size == 0) return;
        status_.bytes -= first->size;
        segments_.pop_front();
        asio::post(thread_, [first, files = folder_] {
            if (!first->file) return;
            if (auto gone = files->remove(first->name.file()); !gone)
                log_of("spool").warn(
                    "a segment that is done stays segment={} reason=\"{}\"", first->name.file(),
                    gone.error().detail
                );
        });
    }
}

task<void> disk_spool::note_progress() {
    pops_ = 0;
    progress here{.sequence = next_sequence_, .offset = 0};
    for (const auto& each : segments_) {
        if (each->frames.empty() && each->under_way == 0) continue;
        here = {
            each->name.sequence, each->frames.empty() ? each->size : each->frames.front().offset
        };
        break;
    }
    auto write = [files = folder_, text = here.text()] {
        return files->replace(progress_file, text);
    };
    auto done = co_await on_the_thread(std::move(write));
    if (!done)
        if (const auto held = gate_.open(time_.now()))
            log_of("spool").warn(
                "progress is not noted; a restart replays more than it must reason=\"{}\" "
                "suppressed={}",
                done.error().detail, *held
            );
}

spool_status disk_spool::status() const {
    auto now   = status_;
    now.oldest = oldest_;
    return now;
}

task<void> disk_spool::close() {
    co_await note_progress();  // by the one thread: after all that was asked of it before
}

}  // namespace falconer::ingest
