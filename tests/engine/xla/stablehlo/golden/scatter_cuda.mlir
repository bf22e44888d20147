module @titrate attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(
    %arg0: tensor<4x3xf32> loc("base"),
    %arg1: tensor<5x3xf32> loc("updates"),
    %arg2: tensor<5xi32> loc("ids")
  ) -> (tensor<4x3xf32>) {
    %0 = stablehlo.bitcast_convert %arg1 : (tensor<5x3xf32>) -> tensor<5x3xi32> loc("scatterAddRows 3")
    %1 = stablehlo.constant dense<2147483647> : tensor<i32> loc("scatterAddRows 3")
    %2 = stablehlo.broadcast_in_dim %1, dims = [] : (tensor<i32>) -> tensor<5x3xi32> loc("scatterAddRows 3")
    %3 = stablehlo.and %0, %2 : tensor<5x3xi32> loc("scatterAddRows 3")
    %4 = stablehlo.constant dense<-2147483648> : tensor<i32> loc("scatterAddRows 3")
    %5 = stablehlo.reduce(%3 init: %4) applies stablehlo.maximum across dimensions = [0, 1] : (tensor<5x3xi32>, tensor<i32>) -> tensor<i32> loc("scatterAddRows 3")
    %6 = stablehlo.constant dense<2139095040> : tensor<i32> loc("scatterAddRows 3")
    %7 = stablehlo.and %5, %6 : tensor<i32> loc("scatterAddRows 3")
    %8 = stablehlo.constant dense<3.3881317890172014e-21> : tensor<f32> loc("scatterAddRows 3")
    %9 = stablehlo.bitcast_convert %7 : (tensor<i32>) -> tensor<f32> loc("scatterAddRows 3")
    %10 = stablehlo.maximum %9, %8 : tensor<f32> loc("scatterAddRows 3")
    %11 = stablehlo.constant dense<288230376151711740.0> : tensor<f32> loc("scatterAddRows 3")
    %12 = stablehlo.divide %11, %10 : tensor<f32> loc("scatterAddRows 3")
    %13 = stablehlo.divide %10, %11 : tensor<f32> loc("scatterAddRows 3")
    %14 = stablehlo.broadcast_in_dim %12, dims = [] : (tensor<f32>) -> tensor<5x3xf32> loc("scatterAddRows 3")
    %15 = stablehlo.multiply %arg1, %14 : tensor<5x3xf32> loc("scatterAddRows 3")
    %16 = stablehlo.convert %15 : (tensor<5x3xf32>) -> tensor<5x3xi64> loc("scatterAddRows 3")
    %17 = stablehlo.constant dense<0> : tensor<4x3xi64> loc("scatterAddRows 3")
    %18 = "stablehlo.scatter"(%17, %arg2, %16) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({ ^bb0(%a: tensor<i64>, %b: tensor<i64>): %c = stablehlo.add %a, %b : tensor<i64> stablehlo.return %c : tensor<i64> }) : (tensor<4x3xi64>, tensor<5xi32>, tensor<5x3xi64>) -> tensor<4x3xi64> loc("scatterAddRows 3")
    %19 = stablehlo.convert %18 : (tensor<4x3xi64>) -> tensor<4x3xf32> loc("scatterAddRows 3")
    %20 = stablehlo.broadcast_in_dim %13, dims = [] : (tensor<f32>) -> tensor<4x3xf32> loc("scatterAddRows 3")
    %21 = stablehlo.multiply %19, %20 : tensor<4x3xf32> loc("scatterAddRows 3")
    %22 = stablehlo.add %arg0, %21 : tensor<4x3xf32> loc("scatterAddRows 3")
    return %22 : tensor<4x3xf32>
  }
}
