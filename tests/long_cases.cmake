# Read by ctest beside the cases of each room. The longest begin first also in a build that has never been tested; afterwards
# ctest goes by how long each took the last time. A name that is none is passed over.
foreach(name
        MaintenanceTroubleTest.AFleetIsSpreadOverItsWindowAndCostsLittle
        EventCorpusTest.ABodyWithWrongBytesIsJsonToUsWhenItIsToAnotherReader
        EventCorpusTest.ABodyCutShortIsRefusedWhereverItIsCut
        RetentionClustersTest.TenThousandOfFiftyThousandAreLookedAtWithTheLimitsThatHoldOutside
        SpoolDamage.EveryIntactBatchComesBackAndNothingElseWhateverWasCutOrBent
        SpoolPowerTest.WhateverFailsAndEndsEverythingAcknowledgedIsReplayedInOrder
        EventCorpusTest.EveryBodyOfTheSharedCorpusGetsItsVerdict)
    set_tests_properties(${name} PROPERTIES COST 100)
endforeach()
foreach(way create restore update migrate delete)
    set_tests_properties("All/ShootKilledTest.S1_6_ConvergesWhereverItIsKilled/${way}  # GetParam() = \"${way}\"" PROPERTIES COST 50)
endforeach()
