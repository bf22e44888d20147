module @titrate attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(
    %arg0: tensor<4x3xf32> loc("base"),
    %arg1: tensor<5x3xf32> loc("updates"),
    %arg2: tensor<5xi32> loc("ids")
  ) -> (tensor<4x3xf32>) {
    %0 = stablehlo.abs %arg1 : tensor<5x3xf32> loc("scatterAddRows 3")
    %1 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("scatterAddRows 3")
    %2 = stablehlo.reduce(%0 init: %1) applies stablehlo.maximum across dimensions = [0, 1] : (tensor<5x3xf32>, tensor<f32>) -> tensor<f32> loc("scatterAddRows 3")
    %3 = stablehlo.constant dense<2139095040> : tensor<i32> loc("scatterAddRows 3")
    %4 = stablehlo.bitcast_convert %2 : (tensor<f32>) -> tensor<i32> loc("scatterAddRows 3")
    %5 = stablehlo.and %4, %3 : tensor<i32> loc("scatterAddRows 3")
    %6 = stablehlo.constant dense<3.3881317890172014e-21> : tensor<f32> loc("scatterAddRows 3")
    %7 = stablehlo.bitcast_convert %5 : (tensor<i32>) -> tensor<f32> loc("scatterAddRows 3")
    %8 = stablehlo.maximum %7, %6 : tensor<f32> loc("scatterAddRows 3")
    %9 = stablehlo.constant dense<288230376151711740.0> : tensor<f32> loc("scatterAddRows 3")
    %10 = stablehlo.divide %9, %8 : tensor<f32> loc("scatterAddRows 3")
    %11 = stablehlo.divide %8, %9 : tensor<f32> loc("scatterAddRows 3")
    %12 = stablehlo.broadcast_in_dim %10, dims = [] : (tensor<f32>) -> tensor<5x3xf32> loc("scatterAddRows 3")
    %13 = stablehlo.multiply %arg1, %12 : tensor<5x3xf32> loc("scatterAddRows 3")
    %14 = stablehlo.convert %13 : (tensor<5x3xf32>) -> tensor<5x3xi64> loc("scatterAddRows 3")
    %15 = stablehlo.constant dense<0> : tensor<4x3xi64> loc("scatterAddRows 3")
    %16 = "stablehlo.scatter"(%15, %arg2, %14) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({ ^bb0(%a: tensor<i64>, %b: tensor<i64>): %c = stablehlo.add %a, %b : tensor<i64> stablehlo.return %c : tensor<i64> }) : (tensor<4x3xi64>, tensor<5xi32>, tensor<5x3xi64>) -> tensor<4x3xi64> loc("scatterAddRows 3")
    %17 = stablehlo.convert %16 : (tensor<4x3xi64>) -> tensor<4x3xf32> loc("scatterAddRows 3")
    %18 = stablehlo.broadcast_in_dim %11, dims = [] : (tensor<f32>) -> tensor<4x3xf32> loc("scatterAddRows 3")
    %19 = stablehlo.multiply %17, %18 : tensor<4x3xf32> loc("scatterAddRows 3")
    %20 = stablehlo.add %arg0, %19 : tensor<4x3xf32> loc("scatterAddRows 3")
    return %20 : tensor<4x3xf32>
  }
}
