#include "app/certificate_end.hpp"

#include "support/actor_fixture.hpp"
#include "support/certificate.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// What is in the log after `act`.
template <class Act>
std::string said(Act act) {
    set_up_logging({});
    testing::internal::CaptureStderr();
    act();
    log_of("app").flush();
    return testing::internal::GetCapturedStderr();
}

std::string said_of(utc_time::duration left) {
    constexpr utc_time now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10}};
    return said([&] { say_if_it_ends("ingest", now + left, now); });
}

TEST(CertificateEndTest, IsToldFromAWeekBeforeAndMoreLoudlyOnTheLastDay) {
    EXPECT_THAT(said_of(7 * 24h), IsEmpty());
    EXPECT_THAT(
        said_of(7 * 24h - 1s),
        AllOf(
            HasSubstr("warn"), HasSubstr("the certificate ends soon endpoint=ingest at=2026-03-1")
        )
    );
    EXPECT_THAT(said_of(24h - 1s), AllOf(HasSubstr("err"), HasSubstr("ends soon")));
    EXPECT_THAT(said_of(0s), AllOf(HasSubstr("err"), HasSubstr("has ended endpoint=ingest")));
    EXPECT_THAT(said_of(-24h), HasSubstr("has ended"));
}

/// The day on which the certificate is made; from there on the test's.
class calendar final : public time_source {
public:
    explicit calendar(time_source& moved) : moved_(moved) {}
    steady_time           now() const noexcept override { return moved_.now(); }
    utc_time              utc() const noexcept override { return begun_ + (now() - since_); }
    std::unique_ptr<bell> make_bell() override { return moved_.make_bell(); }

private:
    time_source&      moved_;
    const steady_time since_ = moved_.now();
    const utc_time    begun_ = std::chrono::system_clock::now();
};

class StoreCertificateTest : public test::actor_fixture {
protected:
    calendar               clock{time};
    test::temporary_folder folder;
    metrics_registry       metrics;
    store_certificate      ours{clock, metrics, folder / "client.pem"};

    void put(std::string_view text) { std::ofstream(folder / "client.pem") << text; }
    bool is_shown() const {
        const auto page = metrics.expose();
        const auto line =
            page.find("\nfalconer_certificate_expires_timestamp_seconds{endpoint=\"store\"} 1");
        return line != std::string::npos;
    }
};

TEST_F(StoreCertificateTest, ItsEndIsSeenAndToldEachHour) {
    put(test::make_certificate().chain);  // of an hour
    EXPECT_THAT(
        said([&] {
            scope.spawn("store certificate", ours.run());
            time.settle();
        }),
        HasSubstr("endpoint=store")
    );
    EXPECT_TRUE(is_shown());
    EXPECT_THAT(said([&] { time.advance(59min); }), IsEmpty());
    EXPECT_THAT(said([&] { time.advance(2min); }), HasSubstr("endpoint=store"));
}

TEST_F(StoreCertificateTest, AFileThatHoldsNoneIsNamed) {
    put("nothing");
    EXPECT_THAT(
        said([&] { EXPECT_FALSE(ours.look()); }),
        AllOf(HasSubstr("cannot be read"), HasSubstr("client.pem"))
    );
}

}  // namespace
}  // namespace falconer::app
